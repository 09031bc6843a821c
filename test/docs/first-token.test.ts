import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { BUILT_PROGRAM, startProcess } from '../support/program.ts';
import { codeWith } from './readme.ts';

it('the commands of docs/sandbox.md make a first token, tell how it stands and leave nothing running', async ({
  onTestFinished,
}) => {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const commands = await codeWith('sh', 'sandbox.env');
  // The tests have built it, elsewhere.
  const here = commands.replace('npm ci && npm run build\n', `ln -s '${dirname(BUILT_PROGRAM)}' dist\n`);
  expect(here).not.toBe(commands);
  const script = `set -e; cd '${folder}'\n${here}wait\necho over\n`;
  const shell = startProcess('sh', ['-c', script], {}, onTestFinished);
  expect(await shell.exited, shell.stderr()).toMatchObject({ code: 0 });
  expect(shell.stdout()).toMatch(
    /"access_token":"[\w-]{20,}".+\ndefault +token .+the configuration is good.+over\n$/s,
  );
  expect(await readdir(join(folder, 'wx'))).toEqual(expect.arrayContaining(['token', 'token.json']));
});
