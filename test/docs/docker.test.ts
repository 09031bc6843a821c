import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, type TestContext } from 'vitest';
import { startProgram } from '../support/program.ts';
import { isRoot } from '../system/folder.ts';
import { codeWith, documentation, textOf } from './readme.ts';

const execute = promisify(execFile);

async function newFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  return folder;
}

/** The line of a block that begins with a command. */
function lineOf(code: string, command: string): string {
  const line = code.split('\n').find((one) => one.startsWith(`${command} `));
  if (line === undefined) throw new Error(`no line begins with ${command}`);
  return line;
}

describe('the Docker recipe', () => {
  it.for(['022', '077'])(
    'the user of the image can read the secret that root makes by the recipe with umask %s',
    async (umask, context) => {
      if (!isRoot) return context.skip('only root can be somebody else');
      const folder = await newFolder(context);
      const printed = lineOf(await codeWith('sh', 'YOUR-APPSECRET'), 'mkdir');
      const make = printed.replace('YOUR-APPSECRET', '0'.repeat(32));
      const hand = lineOf(await codeWith('sh', 'docker run'), 'chown');
      const secret = join(folder, 'secret', 'appsecret');
      await execute('sh', ['-c', `umask ${umask}; ${make}`], { cwd: folder });
      await mkdir(join(folder, 'volume'));
      await chmod(join(folder, 'volume'), 0o777);
      const env = {
        WXTOKEN_APPID: 'wx0000000000000000',
        WXTOKEN_SECRET_FILE: secret,
        WXTOKEN_FILE: join(folder, 'volume', 'token'),
      };
      const check = () => startProgram(['check'], { env, uid: 1000 }, context.onTestFinished);
      expect((await check().exited).code).toBe(78);

      await execute('sh', ['-c', hand], { cwd: folder });
      const again = check();
      expect(await again.exited, again.stderr()).toEqual({ code: 0, signal: null });
      expect((await stat(secret)).mode & 0o777).toBe(0o600);
    },
  );

  it('every page names the image that docker build makes', async () => {
    const pages = await documentation();
    const [, built] = /^docker build -t (\S+) \.$/m.exec(pages) ?? [];
    expect(built).toBe('wx-token-sidecar');
    const named = [...pages.matchAll(/(?:image: |--from=|docker build -t )(\S*wx-token-sidecar\S*)/g)];
    expect(new Set(named.map(([, name]) => name))).toEqual(new Set([built]));
  });

  it('git ignores the folders that the quick start makes', async () => {
    const [, folders = ''] =
      /^mkdir -p ([\w ]+) &&/.exec(lineOf(await codeWith('sh', 'YOUR-APPSECRET'), 'mkdir')) ?? [];
    const ignored = (await textOf('.gitignore')).split('\n');
    expect(folders.split(' ')).toHaveLength(2);
    for (const folder of folders.split(' ')) expect(ignored).toContain(`/${folder}/`);
  });
});
