import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type FormatName, formats } from '../../src/publishers/formats.ts';
import { needsJava, needsTool } from '../support/tools.ts';
import { namesIn, temporaryFolder } from '../system/folder.ts';
import { type Case, expectedDetails, hostileCases } from './formats/hostile.ts';

const execute = promisify(execFile);
const { seed, all } = hostileCases();
const SCRIPTS = fileURLToPath(new URL('./formats/', import.meta.url));

const VARIABLES = {
  token: 'WX_ACCESS_TOKEN',
  jsapi: 'WX_JSAPI_TICKET',
  wx_card: 'WX_CARD_TICKET',
  corp_jsapi: 'WX_CORP_JSAPI_TICKET',
  agent_config: 'WX_AGENT_CONFIG_TICKET',
} as const;

/** Publishes each case as `N.FORMAT` into a folder of its own. */
async function publish(cases: readonly Case[], format: FormatName): Promise<string> {
  const folder = await temporaryFolder();
  for (const [index, { token, subject }] of cases.entries())
    await writeFile(join(folder, `${index}.${format}`), formats[format](token, subject));
  return folder;
}

/** What a reader inherits: nothing of this machine that makes it talk or behave differently. */
const env = { PATH: process.env['PATH'], LANG: process.env['LANG'] };

/** Starts a reader in the folder, once for all files; it must not complain, and no file may make it do anything. */
async function read(folder: string, program: string, args: readonly string[]): Promise<string> {
  const before = await namesIn(folder);
  const options = { cwd: folder, env, maxBuffer: 2 ** 26 };
  const { stdout, stderr } = await execute(program, args, options).catch((error) => {
    throw new Error(`${program} failed on the values of seed ${seed}`, { cause: error });
  });
  expect(stderr).toBe('');
  expect(await namesIn(folder)).toEqual(before);
  return stdout;
}

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

describe('readers of the file formats', () => {
  it('a reader of a raw file gets hostile values unchanged', async () => {
    const folder = await publish(all, 'raw');
    const found = await Promise.all(all.map((_, index) => readFile(join(folder, `${index}.raw`), 'utf8')));
    expect(found, `seed ${seed}`).toEqual(all.map(({ value }) => value));
  });

  it('Node reads hostile values from a JSON file unchanged', async () => {
    const folder = await publish(all, 'json');
    const texts = await Promise.all(all.map((_, index) => readFile(join(folder, `${index}.json`), 'utf8')));
    expect(
      texts.map((text) => JSON.parse(text)),
      `seed ${seed}`,
    ).toEqual(
      all.map((one) => ({
        ...expectedDetails(one),
        kind: one.subject.kind,
        generation: one.token.generation,
        fingerprint: createHash('sha256').update(one.value).digest('hex'),
      })),
    );
  });

  it.for(['sh', 'dash', 'bash'] as const)('%s reads hostile values from an env file', async (shell, ctx) => {
    await needsTool(ctx.skip, shell);
    const possible = all.filter(({ value }) => !value.includes('\0'));
    const variables = possible.map(({ subject }) => VARIABLES[subject.kind]);
    const folder = await publish(possible, 'env');
    const found = await read(folder, shell, [join(SCRIPTS, 'read.sh'), ...variables]);
    const expected = possible.map((one) => `${one.value}\0${expectedDetails(one)['expires_at']}\0`);
    expect(found.split('\0'), `seed ${seed}`).toEqual(expected.join('').split('\0'));
  });

  it('PHP reads hostile values from an included PHP file unchanged', async (ctx) => {
    await needsTool(ctx.skip, 'php');
    const folder = await publish(all, 'php');
    const options = ['-n', '-d', 'display_errors=stderr'];
    const found = await read(folder, 'php', [...options, join(SCRIPTS, 'read.php'), String(all.length)]);
    expect(arraysOf(found), `seed ${seed}`).toEqual(all.map(expectedDetails));
  });

  it('Ruby reads hostile values from a file for the gem wechat as the gem does', async (ctx) => {
    await needsTool(ctx.skip, 'ruby');
    const folder = await publish(all, 'wechat-ruby');
    const found = await read(folder, 'ruby', [join(SCRIPTS, 'read.rb'), String(all.length)]);
    const expected = all.map(({ value, token, subject }) => {
      const from = Math.floor(token.issuedAt / 1000);
      const life = Math.floor(token.expiresAt / 1000) - from;
      return [subject.kind === 'token' ? 'token' : 'ticket', value, from, life];
    });
    expect(JSON.parse(found), `seed ${seed}`).toEqual(expected);
  });

  it('PHP unserializes hostile values from a file for ThinkAdmin', async (ctx) => {
    await needsTool(ctx.skip, 'php');
    const folder = await publish(all, 'thinkadmin');
    const options = ['-n', '-d', 'display_errors=stderr', '-d', 'error_reporting=-1'];
    const script = [join(SCRIPTS, 'read-serialized.php'), String(all.length)];
    const found = await read(folder, 'php', [...options, ...script]);
    const expected = all.map(({ value, token, subject: { appId, kind } }) => ({
      name: kind === 'token' ? `${appId}_access_token` : `${appId}_ticket_${kind}`,
      value,
      expired: Math.floor(token.expiresAt / 1000),
    }));
    expect(arraysOf(found), `seed ${seed}`).toEqual(expected);
  });

  it('Java reads hostile values from a properties file unchanged', async (ctx) => {
    await needsJava(ctx.skip);
    const folder = await publish(all, 'properties');
    const found = await read(folder, 'java', [join(SCRIPTS, 'Read.java'), String(all.length)]);
    const loaded = found.trimEnd().split('\n').map(properties);
    const expected = all.map((one) =>
      Object.fromEntries(Object.entries(expectedDetails(one)).map(([key, value]) => [key, String(value)])),
    );
    expect(loaded, `seed ${seed}`).toEqual(expected);
  });
});

/** What `read.php` and `read-serialized.php` print. */
function arraysOf(text: string): unknown {
  return JSON.parse(text, (_, value) => (value?.base64 === undefined ? value : decoded(value.base64)));
}

/** A line of `Read.java`: keys and values in turn, each followed by a blank. */
function properties(line: string): Record<string, string> {
  const words = line.split(' ');
  const keys = words.slice(0, -1).filter((_, index) => index % 2 === 0);
  return Object.fromEntries(keys.map((key, index) => [key, decoded(words[2 * index + 1] ?? '')]));
}
