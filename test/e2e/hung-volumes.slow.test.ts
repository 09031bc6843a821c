import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { type FuseVolume, mountFuse, needsFuse } from '../support/fuse.ts';
import { type AtEnd, type Program, startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { APP_SECRET, workbench } from './workbench.ts';

/** Node leaves with a code although a thread hangs where it can replace its own process; elsewhere it is killed. */
const UNWILLING = 'execve' in process ? { code: 0, signal: null } : { code: null, signal: 'SIGKILL' };

const ACCOUNTS = {
  near: 'wx0000000000000000',
  far: 'wx0000000000000001',
} as const;

type Place = 'config' | 'secret' | 'state' | 'target' | 'feedback' | 'CA file';

interface Row {
  readonly place: Place;
  /** The accounts that get new tokens while the volume hangs. */
  readonly goOn: readonly (keyof typeof ACCOUNTS)[];
  /** What `status` still tells, from another volume. */
  readonly statusTells: boolean;
}

/** The table of docs/operations.md. `far` is the account with something on the volume; `near` has everything elsewhere. */
const MATRIX: readonly Row[] = [
  { place: 'config', goOn: ['near', 'far'], statusTells: false },
  { place: 'secret', goOn: ['near'], statusTells: true },
  { place: 'state', goOn: ['near', 'far'], statusTells: false },
  { place: 'target', goOn: ['near'], statusTells: true },
  { place: 'feedback', goOn: ['near', 'far'], statusTells: true },
  { place: 'CA file', goOn: ['near', 'far'], statusTells: false },
];

interface Scene {
  readonly volume: FuseVolume;
  readonly daemon: Program;
  readonly port: number;
  readonly config: string;
  readonly token: (account: keyof typeof ACCOUNTS) => Promise<string>;
}

/** A daemon of two accounts whose tokens are replaced every few seconds, with one thing on a volume that can hang. */
async function scene(place: Place, atEnd: AtEnd): Promise<Scene> {
  const { sandbox, folder } = await workbench(atEnd, {
    ...{ tokenTtl: 6, rotationWindow: 5 },
    accounts: Object.values(ACCOUNTS).map((appId) => ({ appId, secret: APP_SECRET })),
  });
  const volume = await mountFuse(join(folder, 'fuse'), atEnd);
  const on = (what: Place, name: string) => join(place === what ? volume.point : folder, name);
  const secret = join(folder, 'near.secret');
  const config = on('config', 'config.yaml');
  await mkdir(on('feedback', 'feedback'));
  await writeFile(secret, APP_SECRET, { mode: 0o600 });
  await writeFile(on('secret', 'far.secret'), APP_SECRET, { mode: 0o600 });
  // The platform of the test speaks plain HTTP, so that nobody needs the certificate.
  await writeFile(on('CA file', 'ca.pem'), rootCertificates[0] ?? '');
  const credential = (name: string, appId: string, secretFile: string, path: string, rest: object = {}) => ({
    ...{ name, appId, secretFile, rotationWindow: '5s', publish: [{ type: 'file', path }] },
    ...rest,
  });
  const written = {
    schedule: '* * * * * *',
    stateDir: on('state', 'state'),
    feedback: { directory: on('feedback', 'feedback') },
    http: { listen: '127.0.0.1:0' },
    platform: { baseUrl: sandbox.url },
    credentials: [
      credential('near', ACCOUNTS.near, secret, join(folder, 'near', 'token')),
      credential('far', ACCOUNTS.far, on('secret', 'far.secret'), on('target', 'far-token'), {
        platform: { caFile: on('CA file', 'ca.pem') },
      }),
    ],
  };
  await writeFile(config, JSON.stringify(written));
  const daemon = startProgram(['run', '--config', config], {}, atEnd);
  const { message } = await daemon.logged(/^health and metrics on/);
  const port = Number(message.split(':').at(-1));
  const behind = { near: join(folder, 'near', 'token'), far: on('target', 'far-token') };
  const token = (account: keyof typeof ACCOUNTS) =>
    // Read behind the mount: a reader on the volume hangs like the daemon.
    readFile(behind[account].replace(volume.point, volume.behind), 'utf8');
  for (const name of ['near', 'far'] as const)
    await eventually(() => token(name), { for: `a token of ${name}` });
  return { volume, daemon, port, config, token };
}

async function page(port: number, path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return `${answer.status} ${await answer.text()}`;
}

describe.concurrent('a volume that hangs', () => {
  for (const { place, goOn, statusTells } of MATRIX) {
    it(`with the ${place} on it is told with its path, stops nobody else, and TERM ends the daemon`, async ({
      onTestFinished,
      skip,
    }) => {
      await needsFuse(skip);
      const { volume, daemon, port, config, token } = await scene(place, onTestFinished);
      volume.hang();
      const told = await daemon.logged(({ code }) => code === 'volume-hangs');
      expect(told).toMatchObject({ level: 'error', volume: volume.point });
      expect(String(told['path'])).toContain(volume.point);

      // More than one replacement, so that nothing that was under way counts.
      for (const account of goOn) {
        for (let round = 0; round < 3; round += 1) {
          const before = await token(account);
          await eventually(async () => (await token(account)) !== before, {
            for: `another token of ${account}`,
          });
        }
      }
      expect(await page(port, '/livez')).toMatch(/^200 ok\n.*\nthe volume .* does not answer: asked for/);
      const metrics = await page(port, '/metrics');
      expect(metrics).toContain('wx_token_volumes_hanging 1');
      expect(metrics).toContain('wx_token_volume_hangs_total 1');
      await eventually(
        async () => {
          const status = startProgram(['status', '--config', config], {}, onTestFinished);
          await status.exited;
          const said = status.stdout() + status.stderr();
          return said.includes(statusTells ? `the volume ${volume.point} did not answer` : volume.point);
        },
        { for: 'the volume in the status' },
      );
      expect(daemon.log().filter(({ code }) => code === 'volume-hangs')).toHaveLength(1);

      daemon.signal('SIGTERM');
      expect(await daemon.exited).toEqual(UNWILLING);
    });

    it(`with the ${place} on it is used again when it answers`, async ({ onTestFinished, skip }) => {
      await needsFuse(skip);
      const { volume, daemon, port, token } = await scene(place, onTestFinished);
      volume.hang();
      await daemon.logged(({ code }) => code === 'volume-hangs');
      volume.goOn();
      await daemon.logged(/^the volume .* answers again/);
      const before = await token('far');
      await eventually(async () => (await token('far')) !== before, { for: 'another token of far' });
      await eventually(async () => (await page(port, '/metrics')).includes('wx_token_volumes_hanging 0'));

      daemon.signal('SIGTERM');
      expect(await daemon.exited).toEqual({ code: 0, signal: null });
    });
  }

  for (const command of ['run', 'once', 'check', 'status', 'refresh']) {
    it(`with the configuration on it ends ${command} with a word`, async ({ onTestFinished, skip }) => {
      await needsFuse(skip);
      const { folder } = await workbench(onTestFinished);
      const volume = await mountFuse(join(folder, 'fuse'), onTestFinished);
      const config = join(volume.point, 'config.yaml');
      await writeFile(join(volume.behind, 'config.yaml'), '{}');
      volume.hang();
      const program = startProgram([command, '--config', config], {}, onTestFinished);
      await program.exited;
      expect(program.stderr()).toContain(`the volume ${volume.point} does not answer`);
      expect(program.stderr()).toContain(`${config} cannot be read (ETIMEDOUT)`);
    });
  }
});
