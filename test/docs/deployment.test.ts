import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startProgram } from '../support/program.ts';
import { openSandbox } from '../support/sandbox.ts';
import { runTool } from '../support/tools.ts';
import { codeWith } from './readme.ts';

/** The values of a key of a unit, in their order. */
function valuesOf(unit: string, key: string): string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value ?? '');
}

describe('systemd unit in the documentation', () => {
  it('the systemd unit passes systemd-analyze verify', async (context) => {
    const unit = await codeWith('ini', '[Service]');
    const folder = await mkdtemp(join(tmpdir(), 'wx-'));
    context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'wx-token-sidecar.service');
    // Where Node lies here; all else as written.
    await writeFile(file, unit.replace('/usr/bin/node', process.execPath));
    const { output } = await runTool(context, 'systemd-analyze', ['verify', '--man=no', file]);
    const about = output.split('\n').filter((line) => line.includes('wx-token-sidecar.service'));
    expect(about).toEqual([]);
  });

  it('the systemd unit lets the daemon publish its token file with mode 0640', async ({ onTestFinished }) => {
    const unit = await codeWith('ini', '[Service]');
    const sandbox = await openSandbox();
    onTestFinished(sandbox.close);
    const folder = await mkdtemp(join(tmpdir(), 'wx-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    // What systemd does: a copy of each credential, and the runtime directory.
    const credentials = join(folder, 'credentials');
    await mkdir(credentials);
    for (const credential of valuesOf(unit, 'LoadCredential')) {
      await writeFile(join(credentials, credential.split(':')[0] ?? ''), '0'.repeat(32), { mode: 0o400 });
    }
    const [directory = ''] = valuesOf(unit, 'RuntimeDirectory');
    await mkdir(join(folder, 'run', directory), { recursive: true });
    const env = Object.fromEntries(
      valuesOf(unit, 'Environment').map((setting) => {
        const [name = '', value = ''] = setting.split('=');
        return [name, value.replace('%d', credentials).replace('/run/', `${folder}/run/`)];
      }),
    );
    const daemon = startProgram(
      ['once'],
      { env: { ...env, WXTOKEN_API_BASE_URL: sandbox.url } },
      onTestFinished,
    );

    expect(await daemon.exited).toEqual({ code: 0, signal: null });
    expect((await stat(env['WXTOKEN_FILE'] ?? '')).mode & 0o777).toBe(0o640);
  });
});
