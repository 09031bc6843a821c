import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AtEnd, startProgram } from '../support/program.ts';
import { openSandbox } from '../support/sandbox.ts';
import { account, inJson, SECRET } from './written.ts';

const ACCOUNTS = ['wx0000000000000000', 'wx0000000000000001'] as const;

/** A platform with two accounts, and a configuration that publishes both. */
async function agency(atEnd: AtEnd) {
  const sandbox = await openSandbox({ accounts: ACCOUNTS.map((appId) => ({ appId, secret: SECRET })) });
  atEnd(sandbox.close);
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'config.json');
  const accounts = ACCOUNTS.map((appId, index) =>
    account({
      name: `shop-${index}`,
      appId,
      secretFile: undefined,
      secretEnv: 'SHOP_SECRET',
      publish: [{ type: 'file', path: `${folder}/out/${index}`, format: index === 0 ? 'raw' : 'env' }],
    }),
  );
  await writeFile(file, inJson(accounts, { schedule: '* * * * * *', platform: { baseUrl: sandbox.url } }));
  return { folder, file };
}

const ENVIRONMENT = { SHOP_SECRET: SECRET };

describe.concurrent('commands with a configuration file', () => {
  it('the once command publishes every account in its own format', async ({ onTestFinished }) => {
    const { folder, file } = await agency(onTestFinished);
    const once = startProgram(['once', '--config', file], { env: ENVIRONMENT }, onTestFinished);
    expect(await once.exited, once.stderr()).toEqual({ code: 0, signal: null });
    expect(await readFile(join(folder, 'out', '0'), 'utf8')).toMatch(/^\d+_\S+$/);
    expect(await readFile(join(folder, 'out', '0.json'), 'utf8')).toContain('"name":"shop-0"');
    expect(await readFile(join(folder, 'out', '1'), 'utf8')).toMatch(/^WX_ACCESS_TOKEN=[\w-]+\n/);
  });

  it('the refresh command refreshes the credential that is named', async ({ onTestFinished }) => {
    const { file } = await agency(onTestFinished);
    const env = { ...ENVIRONMENT, WXTOKEN_CONFIG: file };
    const daemon = startProgram([], { env }, onTestFinished);
    await daemon.logged(/^started/);
    const refresh = startProgram(['refresh', 'shop-1'], { env }, onTestFinished);
    const { code } = await refresh.exited;
    expect({ code, stderr: refresh.stderr() }).toEqual({ code: 0, stderr: '' });
    expect(refresh.stdout()).toMatch(/^shop-1: /);
  });

  it('an option without its value ends with exit code 78 and one line', async ({ onTestFinished }) => {
    const program = startProgram(['run', '--config'], {}, onTestFinished);
    expect((await program.exited).code).toBe(78);
    expect(program.stderr()).toBe("wx-token-sidecar: arguments: Option '--config' needs a value\n");
  });

  it('a missing configuration file is reported together with wrong arguments', async ({ onTestFinished }) => {
    const program = startProgram(['once', '--config', '/no/such.yaml', '--timeout', '5'], {}, onTestFinished);
    expect((await program.exited).code).toBe(78);
    expect(program.stderr().trimEnd().split('\n')).toEqual([
      expect.stringMatching(/ --timeout: must be a duration/),
      'wx-token-sidecar: --config: /no/such.yaml cannot be read (ENOENT)',
    ]);
  });
});
