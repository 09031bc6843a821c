import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FORMS } from '../../src/usage/index.ts';
import { contentOf } from '../support/files.ts';
import { installed } from '../support/installed.ts';
import { type AtEnd, startProcess } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { APP_ID, workbench } from './workbench.ts';

const EXAMPLES = FORMS.flatMap(({ name, examples }) => examples.map(({ command }) => ({ name, command })));

/** They run until they are told to end. */
const LASTING = ['run', 'sandbox'];

/** What helps tell people to have: a config.yaml of an account called main, and folders of their shells. */
async function place(atEnd: AtEnd) {
  const { folder, file, sandbox } = await workbench(atEnd);
  const config = {
    platform: { baseUrl: sandbox.url },
    schedule: '* * * * * *',
    credentials: [
      {
        name: 'main',
        appId: APP_ID,
        secretFile: join(folder, 'secrets/app.secret'),
        publish: [{ type: 'file', path: file }],
      },
    ],
  };
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config));
  for (const path of ['.local/share/bash-completion/completions', '.zfunc', '.config/fish/completions'])
    await mkdir(join(folder, path), { recursive: true });
  const env = await installed(folder);
  // `exec` keeps the pid of a simple command, which is signalled.
  const start = (command: string, how = '') =>
    startProcess('sh', ['-c', `cd '${folder}' && ${how}${command}`], { env }, atEnd);
  return { folder, file, start };
}

describe.concurrent('examples of the help', () => {
  it.for(EXAMPLES)('$command works as it stands', async ({ name, command }, { onTestFinished }) => {
    const { folder, file, start } = await place(onTestFinished);
    if (LASTING.includes(name)) {
      const program = start(command, 'exec ');
      await eventually(async () =>
        name === 'run' ? contentOf(file) : program.stdout().includes('/sandbox/'),
      );
      program.signal('SIGTERM');
      expect(await program.exited, program.stderr()).toMatchObject({ code: 0 });
      return;
    }
    if (name === 'refresh') {
      start('wx-token-sidecar run --config config.yaml', 'exec ');
      await eventually(() => contentOf(file));
    }
    if (name === 'status')
      expect(await start('wx-token-sidecar once --config config.yaml').exited).toMatchObject({ code: 0 });
    const program = start(command);
    expect(await program.exited, program.stderr()).toMatchObject({ code: 0 });
    if (name === 'init') expect(await readdir(join(folder, 'wx'))).toContain('compose.yaml');
  });

  it('every command has an example, which calls that command', () => {
    expect(new Set(EXAMPLES.map(({ name }) => name))).toEqual(new Set(FORMS.map(({ name }) => name)));
    for (const { name, command } of EXAMPLES)
      expect(command).toMatch(new RegExp(`^wx-token-sidecar ${name}\\b`));
  });
});
