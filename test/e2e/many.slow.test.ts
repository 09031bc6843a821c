import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StatusReport } from '../../src/inspection/status/index.ts';
import { contentOf } from '../support/files.ts';
import { type AtEnd, startProgram } from '../support/program.ts';
import { openSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';

const SECRET = '0123456789abcdef'.repeat(2);
const TYPES = ['stable-token', 'access-token', 'wecom'] as const;

/** One of many credentials, as YAML writes it. */
interface Entry {
  readonly name: string;
  readonly type: (typeof TYPES)[number];
  readonly appId: string;
  readonly secretFile: string;
  readonly format?: string;
}

/** A platform that knows `count` accounts, and a daemon of all of them, configured by one file. */
async function agency(atEnd: AtEnd, count: number, types: readonly (typeof TYPES)[number][] = TYPES) {
  // In memory, as pods have it: thousands of syncs would measure the disk.
  const memory = await stat('/dev/shm').then(
    () => '/dev/shm',
    () => tmpdir(),
  );
  const folder = await mkdtemp(join(memory, 'wx-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'secrets'));
  const secretFile = join(folder, 'secrets', 'good');
  await writeFile(secretFile, SECRET, { mode: 0o600 });
  const entries = Array.from({ length: count }, (_, index): Entry => {
    const type = types[index % types.length] ?? 'stable-token';
    const digits = String(index).padStart(16, '0');
    return { name: `c${index}`, type, appId: `${type === 'wecom' ? 'ww' : 'wx'}${digits}`, secretFile };
  });
  const accounts = entries.map(({ appId }) => ({ appId, secret: SECRET }));
  const sandbox = await openSandbox({ accounts });
  atEnd(sandbox.close);
  const config = join(folder, 'config.yaml');
  const file = ({ name }: Pick<Entry, 'name'>) => join(folder, 'volume', name, 'token');

  async function write(these: readonly Entry[]): Promise<void> {
    const lines = these.flatMap(({ name, type, appId, secretFile: secret, format = 'raw' }) => [
      `  - name: ${name}`,
      `    type: ${type}`,
      `    ${type === 'wecom' ? 'corpId' : 'appId'}: ${appId}`,
      `    secretFile: ${secret}`,
      `    publish: [{ type: file, path: ${file({ name })}, format: ${format} }]`,
    ]);
    const head = [
      `stateDir: ${join(folder, 'state')}`,
      `schedule: "${count > 100 ? '*/5' : '*'} * * * * *"`,
      'platform:',
      `  baseUrl: ${sandbox.url}`,
    ];
    await writeFile(`${config}.new`, [...head, 'credentials:', ...lines, ''].join('\n'));
    await rename(`${config}.new`, config);
  }

  const published = async (these: readonly Entry[]) =>
    (await Promise.all(these.map(async (entry) => (await contentOf(file(entry))) !== undefined))).filter(
      Boolean,
    ).length;
  await write(entries);
  return {
    ...{ folder, sandbox, entries, write, file, published },
    run: () => startProgram(['run', '--config', config], {}, atEnd),
    async status() {
      const program = startProgram(['status', '--json', '--config', config], {}, atEnd);
      const { code } = await program.exited;
      return { code, ...(JSON.parse(program.stdout()) as StatusReport) };
    },
    fetches: async () => (await sandbox.journal()).filter(({ path }) => /token$/.test(path)).length,
  };
}

describe.concurrent('many accounts', () => {
  it('one broken account of sixty is logged by name and the others are published', async ({
    onTestFinished,
  }) => {
    const house = await agency(onTestFinished, 60);
    const broken = house.entries[33];
    await writeFile(join(house.folder, 'secrets', 'bad'), 'f'.repeat(32), { mode: 0o600 });
    await house.write(
      house.entries.map((entry) =>
        entry === broken ? { ...entry, secretFile: join(house.folder, 'secrets', 'bad') } : entry,
      ),
    );
    const daemon = house.run();
    await eventually(async () => (await house.published(house.entries)) === 59, {
      for: 'fifty-nine tokens',
    });
    await daemon.logged(({ level, credential }) => level === 'error' && credential === broken?.name);
    const complaints = daemon.log().filter(({ level }) => level === 'error' || level === 'warn');
    expect(new Set(complaints.map(({ credential }) => credential))).toEqual(new Set([broken?.name]));
  });

  it('a changed configuration of sixty accounts touches only the changed ones and fetches only new ones', async ({
    onTestFinished,
  }) => {
    const house = await agency(onTestFinished, 60);
    const [gone, changed, ...rest] = house.entries;
    if (!gone || !changed) throw new Error('too few');
    await house.write(house.entries.slice(0, -1));
    const daemon = house.run();
    await eventually(async () => (await house.published(house.entries)) === 59, {
      for: 'tokens',
    });
    const value = await contentOf(house.file(changed));
    const calls = await house.fetches();

    // One goes, one comes, one is written in another form.
    await house.write([{ ...changed, format: 'json' }, ...rest]);
    await eventually(async () => (await house.published(house.entries)) === 60, { for: 'the new one' });
    await eventually(async () => (await contentOf(house.file(changed)))?.includes('"access_token"'), {
      for: 'the other form',
    });
    await daemon.logged(
      ({ message, credential }) => /no longer served/.test(message ?? '') && credential === gone.name,
    );

    expect(JSON.parse((await contentOf(house.file(changed))) ?? '').access_token).toBe(value);
    expect(await contentOf(house.file(gone))).toBeDefined();
    expect(await house.fetches()).toBe(calls + 1);
  });

  it('a bad configuration change is refused with its line and the previous one stays in use', async ({
    onTestFinished,
  }) => {
    const house = await agency(onTestFinished, 3);
    const daemon = house.run();
    await eventually(async () => (await house.published(house.entries)) === 3, { for: 'tokens' });
    const [first] = house.entries;
    await house.write(
      house.entries.map((entry) => (entry === first ? { ...entry, appId: 'no such id' } : entry)),
    );
    await daemon.logged(({ message }) => /config\.yaml:\d+ credentials\[0\]\.appId/.test(message ?? ''));
    await daemon.logged(({ message }) => /previous configuration stays in force/.test(message ?? ''));
    daemon.signal('SIGHUP');
    await eventually(async () => (await house.fetches()) >= 6, { for: 'a refresh of all three' });
  });
});

/** MANY=2000 npx vitest run test/e2e/many.slow.test.ts: so many take longer than the suite may. */
const MANY = Number(process.env['MANY'] ?? 250);

describe(`${MANY} accounts`, () => {
  it('every account of a large configuration is published and told by `status`, and removing one costs no call', async ({
    onTestFinished,
  }) => {
    const house = await agency(onTestFinished, MANY, ['stable-token']);
    const started = performance.now();
    const daemon = house.run();
    // Looking at all of them again and again would be most of the work.
    const last = house.entries.slice(-40);
    await eventually(async () => (await house.published(last)) === 40, {
      for: 'the last ones',
    });
    await eventually(async () => (await house.published(house.entries)) === MANY, {
      for: 'all tokens',
    });
    const took = Math.round(performance.now() - started);
    const status = await contentOf(`/proc/${daemon.pid}/status`);
    const memory = /VmRSS:\s+(\d+) kB/.exec(status ?? '')?.[1];
    process.stdout.write(`${MANY} accounts published in ${took} ms, ${memory ?? 'unknown'} kB resident\n`);
    const calls = await house.fetches();
    expect(calls).toBe(MANY);

    const told = await eventually(async () => {
      const { code, daemon: teller, credentials } = await house.status();
      return code === 0 && teller.state === 'running' && credentials.every((one) => one.calls) && credentials;
    });
    expect(told.map(({ credential }) => credential)).toEqual(house.entries.map(({ name }) => name));

    const [, ...rest] = house.entries;
    await house.write(rest);
    await daemon.logged(({ message }) => /no longer served/.test(message ?? ''));
    await eventually(async () => (await house.status()).daemon.state === 'running');
    expect(daemon.log().filter(({ message }) => /no longer served/.test(message ?? ''))).toHaveLength(1);
    expect(await house.fetches()).toBe(calls);
  });
});
