import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentOf } from '../support/files.ts';
import { startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { workbench } from './workbench.ts';

describe('notifiers of a running daemon', () => {
  it('notifiers get the file but not the token, and a hanging one delays nothing', async ({
    onTestFinished,
  }) => {
    const bench = await workbench(onTestFinished);
    const told: string[] = [];
    const server = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => told.push(text));
      request.on('end', () => response.end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const hook = join(bench.folder, 'hook');
    const said = join(bench.folder, 'said');
    await writeFile(hook, `#!/bin/sh\nenv | sort > ${said}.new && mv ${said}.new ${said}\n`);
    await chmod(hook, 0o755);
    const config = join(bench.folder, 'config.json');
    const shop = {
      name: 'shop',
      appId: 'wx0000000000000000',
      secretFile: bench.env()['WXTOKEN_SECRET_FILE'],
      publish: [{ type: 'file', path: bench.file }],
      notify: [
        { type: 'exec', command: ['/bin/sleep', '1000'] },
        { type: 'exec', command: [hook] },
        { type: 'webhook', url: `http://127.0.0.1:${port}/changed` },
      ],
    };
    await writeFile(
      config,
      JSON.stringify({ platform: { baseUrl: bench.sandbox.url }, credentials: [shop] }),
    );
    const daemon = startProgram(['run', '--config', config], {}, onTestFinished);
    const token = await bench.newToken();
    const environment = await eventually(() => contentOf(said), { for: 'the hook' });
    await eventually(() => told.length > 0, { for: 'the webhook' });

    expect(environment).toMatch(/^WX_CREDENTIAL=shop$/m);
    expect(environment).toContain(`WX_FILE=${bench.file}\n`);
    expect(environment).not.toContain('WXTOKEN');
    expect(JSON.parse(told[0] ?? '')).toMatchObject({ credential: 'shop', kind: 'token', file: bench.file });
    for (const text of [environment, ...told]) expect(text).not.toContain(token);

    daemon.signal('SIGHUP');
    await bench.newToken(token);
    await eventually(() => told.length > 1, { for: 'the next call of the webhook' });
    daemon.signal('SIGTERM');
    expect(await daemon.exited).toEqual({ code: 0, signal: null });
  });

  it('a notifier is told of a written file when another file could not be written', async ({
    onTestFinished,
  }) => {
    const bench = await workbench(onTestFinished);
    const hook = join(bench.folder, 'hook');
    const said = join(bench.folder, 'said');
    await writeFile(hook, `#!/bin/sh\n[ "$(cat "$WX_FILE")" ] && echo "$WX_FILE" >> ${said}\n`);
    await chmod(hook, 0o755);
    const config = join(bench.folder, 'config.json');
    const other = `${bench.file}.other`;
    const shop = {
      name: 'shop',
      appId: 'wx0000000000000000',
      secretFile: bench.env()['WXTOKEN_SECRET_FILE'],
      publish: [bench.file, other].map((path) => ({ type: 'file', path, details: false })),
      notify: [{ type: 'exec', command: [hook] }],
    };
    const text = JSON.stringify({ platform: { baseUrl: bench.sandbox.url }, credentials: [shop] });
    await writeFile(config, text);
    const daemon = startProgram(['run', '--config', config], {}, onTestFinished);
    await eventually(async () => (await contentOf(said)) === `${bench.file}\n`, { for: 'the hook' });

    await rm(bench.file);
    await mkdir(bench.file);
    daemon.signal('SIGHUP');
    await eventually(async () => (await contentOf(said)) === `${bench.file}\n${other}\n`, {
      for: 'the hook, told of the other file',
    });
    await rm(bench.file, { recursive: true });
    await eventually(async () => (await contentOf(said))?.endsWith(`${other}\n${bench.file}\n`), {
      for: 'the hook, told of the file that could be written at last',
    });
  });
});
