import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalEntry } from '../../src/sandbox/index.ts';
import { APP_SECRET, sha256 } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import { type Before, listing, type Scene } from './scene.ts';

/** Any stage of writing: what others may not read from the first instant on. */
const OTHERS = 0o007;
const PUBLISHED_MODE = 0o640;

/** What is wrong with what lies in the volume at any moment, whatever has happened: nothing, by G1 and G8. */
export async function atAnyMoment(scene: Scene, before: Before): Promise<string[]> {
  const handedOut = new Set((await before.calls()).map(({ tokenSha256 }) => tokenSha256));
  const isKnown = (token: string) => token === before.token || handedOut.has(sha256(token));
  const token = await contentOf(scene.file);
  const details = await contentOf(`${scene.file}.json`);
  const wrong: string[] = [];
  const detailed = details === undefined ? undefined : accessToken(details);
  if (token === undefined && before.token !== undefined) wrong.push('the file is gone');
  if (token !== undefined && !isKnown(token))
    wrong.push(`the file holds ${token.length} characters that are no token`);
  if (details !== undefined && (detailed === undefined || !isKnown(detailed)))
    wrong.push('the details are not whole');
  // The details are written first: they may be ahead of the file, never behind.
  const isBehind =
    token !== undefined && token !== detailed && (token !== before.token || detailed === undefined);
  if (isBehind) wrong.push('the details are behind the file');
  return [...wrong, ...(await wrongModes(scene))];
}

async function wrongModes({ volume }: Scene): Promise<string[]> {
  const wrong: string[] = [];
  for (const name of await listing(volume)) {
    const stat = await lstat(join(volume, name)).catch(() => undefined);
    if (!stat?.isFile()) continue;
    const mode = stat.mode & 0o7777;
    if (mode & OTHERS) wrong.push(`${name} may be read by others (${mode.toString(8)})`);
    if (/^token(\.json)?$/.test(name) && mode !== PUBLISHED_MODE)
      wrong.push(`${name} has mode ${mode.toString(8)}`);
  }
  return wrong;
}

/** The one that was due, and one more. */
const MOST_CALLS = 2;

/** What is wrong once another start has come to a good end. */
export async function atTheEnd(scene: Scene, before: Before): Promise<string[]> {
  const wrong: string[] = [];
  const calls = await before.calls();
  const alive = newest(calls) ?? sha256(before.token ?? '');
  const token = await contentOf(scene.file);
  if (token === undefined) wrong.push('there is no file after the next start');
  if (accessToken((await contentOf(`${scene.file}.json`)) ?? '') !== token)
    wrong.push('the details are of another token');
  // Any other may have been killed by the newest.
  if (scene.type === 'access-token' && sha256(token ?? '') !== alive)
    wrong.push('the file holds no living token');
  if (calls.length > MOST_CALLS) wrong.push(`${calls.length} platform calls`);
  const record = await recordOf(scene);
  if (record?.intent !== undefined) wrong.push('an intent without an outcome is left');
  if (record?.token?.value !== token) wrong.push('the record is of another token than the file');
  return [...wrong, ...(await leftovers(scene))];
}

function newest(calls: readonly JournalEntry[]): string | null | undefined {
  return calls.findLast(({ tokenSha256 }) => tokenSha256 !== null)?.tokenSha256;
}

const EXPECTED =
  /^(token|token\.json|\.wx-token-sidecar\/|\.wx-token-sidecar\/requests\/|\.wx-token-sidecar\/status\/|\.wx-token-sidecar\/(status\/)?[^/]+\.json)$/;

async function leftovers({ volume }: Scene): Promise<string[]> {
  const names = await listing(volume);
  const owner = names.find((name) => name.endsWith('.owner'));
  // Whose a lock is that names nobody cannot be told; whoever needs it takes it over after ten seconds.
  const isNameless = owner === undefined || (await readFile(join(volume, owner), 'utf8')) === '';
  const isExpected = (name: string) => EXPECTED.test(name) || (isNameless && /\.(lock\/|owner)$/.test(name));
  return names.filter((name) => !isExpected(name)).map((name) => `${name} is left behind`);
}

interface Record {
  readonly intent?: unknown;
  readonly token?: { readonly value?: unknown };
}

async function recordOf({ volume }: Scene): Promise<Record | undefined> {
  const name = (await listing(volume)).find((path) => /^\.wx-token-sidecar\/[^/]+\.json$/.test(path));
  return name === undefined ? undefined : JSON.parse(await readFile(join(volume, name), 'utf8'));
}

function accessToken(details: string): string | undefined {
  try {
    const { access_token: token } = JSON.parse(details);
    return typeof token === 'string' ? token : undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with what a program said before it ended. */
export function saidWrong(stderr: string, tokens: readonly (string | undefined)[]): string[] {
  const wrong: string[] = [];
  if (stderr.includes(APP_SECRET)) wrong.push('it told the AppSecret');
  if (tokens.some((token) => token !== undefined && stderr.includes(token))) wrong.push('it told a token');
  if (/unexpected/.test(stderr) || /^ {4}at /m.test(stderr)) wrong.push('it met what it did not expect');
  return wrong;
}
