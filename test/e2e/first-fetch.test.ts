import { createHash } from 'node:crypto';
import { statSync, watch } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentOf, filesIn } from '../support/files.ts';
import { startProgram } from '../support/program.ts';
import { startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import { APP_ID, APP_SECRET, ENDPOINT, sha256, TYPES, workbench } from './workbench.ts';

const isRoot = process.getuid?.() === 0;

describe.concurrent('G1: the first fetch', () => {
  it.for(TYPES)(
    'the file is absent until the first %s is published whole',
    async (type, { onTestFinished }) => {
      const { sandbox, file, run, fetches, newToken } = await workbench(onTestFinished);
      const path = ENDPOINT[type];
      await sandbox.faults([{ kind: 'hang', path }]);
      const reader = startRestlessReader({ file, url: sandbox.url }, onTestFinished);
      run({ WXTOKEN_TYPE: type });

      await eventually(async () => (await fetches()).length > 0, { for: 'the first fetch' });
      expect(await contentOf(file)).toBeUndefined();
      expect(await contentOf(`${file}.json`)).toBeUndefined();

      await sandbox.clearFaults();
      const token = await newToken();
      const served = (await fetches()).find(({ outcome }) => outcome === 'answered');
      // Nothing but the value: no newline, no blank.
      expect(sha256(token)).toBe(served?.tokenSha256);

      await eventually(() => reader.readings().values.length > 0, { for: 'a first good read' });
      const { values, bad, refused } = await reader.stop();
      expect({ values, bad, refused }).toEqual({ values: [token], bad: [], refused: [] });
    },
  );

  it.for(TYPES)(
    'the details of the %s are written beside the published file',
    async (type, { onTestFinished }) => {
      const { file, once, fetches, newToken } = await workbench(onTestFinished);
      const started = Math.floor(Date.now() / 1000);
      expect((await once({ WXTOKEN_TYPE: type })).code).toBe(0);

      const details = JSON.parse(await readFile(`${file}.json`, 'utf8'));
      const [{ at } = { at: 0 }] = await fetches();
      expect(details).toEqual({
        name: 'default',
        type,
        app_id: APP_ID,
        access_token: await newToken(),
        expires_in: 7200,
        issued_at: expect.any(Number),
        expires_at: details.issued_at + 7200,
        account: expect.stringMatching(/^127\.0\.0\.1:\d+\/(stable|access)-token\/wx0000000000000000$/),
        kind: 'token',
        generation: 2,
        platform_date: expect.any(Number),
        fingerprint: createHash('sha256').update(details.access_token).digest('hex'),
      });
      // Life counts from the start of the request, so from before the platform saw it.
      expect(details.issued_at).toBeGreaterThanOrEqual(started);
      expect(details.issued_at).toBeLessThanOrEqual(Math.floor(at / 1000));
    },
  );

  it('the details are written before the token and each file appears with its final mode', async ({
    onTestFinished,
  }) => {
    const { file, run } = await workbench(onTestFinished);
    await mkdir(dirname(file));
    const seen: { name: string; mode: string }[] = [];
    const watcher = watch(dirname(file), (_, name) => {
      if (name === 'token' || name === 'token.json')
        seen.push({ name, mode: modeOf(join(dirname(file), name)) });
    });
    onTestFinished(async () => watcher.close());
    run();

    await eventually(() => seen.some(({ name }) => name === 'token'), { for: 'the token' });
    expect(seen[0]?.name).toBe('token.json');
    expect(new Set(seen.map(({ mode }) => mode))).toEqual(new Set(['640']));
  });

  it('missing folders of the published file and of the state are created', async ({ onTestFinished }) => {
    const { folder, once } = await workbench(onTestFinished);
    const file = join(folder, 'not', 'yet', 'there', 'token');
    const stateDir = join(folder, 'some', 'where', 'else');
    const { code } = await once({ WXTOKEN_FILE: file, WXTOKEN_STATE_DIR: stateDir });

    expect(code).toBe(0);
    expect(await contentOf(file)).toMatch(/^\d+_/);
    expect(modeOf(stateDir)).toBe('700');
    expect((await filesIn(dirname(file))).sort()).toEqual([file, `${file}.json`]);
  });
});

describe.concurrent('G8: modes and contents of written files', () => {
  it.for(['000', '022', '077'])(
    'published files and state files have their exact modes under umask %s',
    async (umask, { onTestFinished }) => {
      const { folder, file, env } = await workbench(onTestFinished);
      const once = startProgram(['once'], { env: env(), umask }, onTestFinished);
      expect(await once.exited).toEqual({ code: 0, signal: null });

      expect(modeOf(file)).toBe('640');
      expect(modeOf(`${file}.json`)).toBe('640');
      const state = join(dirname(file), '.wx-token-sidecar');
      expect(modeOf(state)).toBe('700');
      const kept = await filesIn(state);
      expect(kept.length).toBeGreaterThan(0);
      expect(kept.map((path) => `${modeOf(path)} ${basename(path)}`)).toEqual(
        kept.map((path) => `600 ${basename(path)}`),
      );
      expect(await filesIn(folder)).not.toContainEqual(expect.stringMatching(/\.tmp$/));
    },
  );

  it('published files have the configured mode and group', async (ctx) => {
    if (!isRoot) return ctx.skip('only root may give a file to a group it is not a member of');
    const { file, once } = await workbench(ctx.onTestFinished);
    const { code } = await once({ WXTOKEN_FILE_MODE: '0604', WXTOKEN_FILE_GROUP: '54321' });

    expect(code).toBe(0);
    for (const path of [file, `${file}.json`]) {
      expect({ gid: (await stat(path)).gid, mode: modeOf(path) }).toEqual({ gid: 54321, mode: '604' });
    }
  });

  it.for([
    ['a file', {}],
    ['a variable', { WXTOKEN_SECRET_FILE: '', WXTOKEN_SECRET: APP_SECRET }],
  ] as const)(
    'an AppSecret given in %s appears in no output and in no written file',
    async ([, secret], { onTestFinished }) => {
      const { file, once } = await workbench(onTestFinished);
      const { code, stdout, stderr } = await once({ ...secret, WXTOKEN_LOG_LEVEL: 'debug' });

      expect(code).toBe(0);
      expect(stdout() + stderr()).not.toContain(APP_SECRET);
      const written = await filesIn(dirname(file));
      expect(written).toContain(file);
      for (const path of written) {
        expect(path).not.toContain(APP_SECRET);
        expect(await readFile(path, 'utf8'), path).not.toContain(APP_SECRET);
      }
    },
  );
});

/** Permission bits, in octal. */
function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}
