import { describe, expect, it } from 'vitest';
import { eventually } from '../support/wait.ts';
import { workbench } from './workbench.ts';

/** Asks the port of health that a daemon has told of. */
function asker(address: string) {
  return async (path: string) => {
    const answer = await fetch(`http://${address}${path}`);
    return { status: answer.status, body: await answer.text() };
  };
}

function metric(text: string, name: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name}{`) || each.startsWith(`${name} `));
  return Number(line?.split(' ').at(-1));
}

describe.concurrent('health endpoints during an outage', () => {
  it('the daemon stays ready on the old token, then is unready but alive until the platform recovers', async ({
    onTestFinished,
  }) => {
    const { sandbox, run, newToken } = await workbench(onTestFinished, { tokenTtl: 20, rotationWindow: 18 });
    const daemon = run({ WXTOKEN_ROTATION_WINDOW: '18s', WXTOKEN_LISTEN: '127.0.0.1:0' });
    const { message } = await daemon.logged(/^health and metrics on /);
    const ask = asker(message.split(' ').at(-1) ?? '');
    const statuses = async () =>
      Promise.all(['/startupz', '/readyz', '/livez'].map(async (path) => (await ask(path)).status));
    await newToken();
    await eventually(async () => (await statuses()).join() === '200,200,200', { for: 'a good start' });

    await sandbox.faults([{ kind: 'status', status: 503 }]);
    await eventually(async () => metric((await ask('/metrics')).body, 'wx_token_consecutive_failures') >= 2, {
      for: 'failures in the metrics',
    });
    expect(await statuses()).toEqual([200, 200, 200]);
    expect((await ask('/readyz')).body).toMatch(/^ok\ndefault token: valid for \d+ s: .*503/);

    await eventually(async () => (await ask('/readyz')).status === 503, { for: 'the end of the token' });
    expect(await statuses()).toEqual([200, 503, 200]);
    expect((await ask('/readyz')).body).toMatch(/^not ok\ndefault token: dead: .*503/);
    const { body } = await ask('/metrics');
    expect(metric(body, 'wx_token_expires_timestamp_seconds')).toBeLessThanOrEqual(Date.now() / 1000);

    daemon.signal('SIGHUP');
    await daemon.logged(({ code, level }) => code === 'http-503' && level === 'error');
    await sandbox.clearFaults();
    daemon.signal('SIGHUP');
    await eventually(async () => (await statuses()).join() === '200,200,200', { for: 'readiness' });
    expect(metric((await ask('/metrics')).body, 'wx_token_consecutive_failures')).toBe(0);

    const told = daemon.log().filter(({ code }) => code === 'http-503');
    expect(told.length).toBeLessThanOrEqual(8);
    expect(told[0]).toMatchObject({ level: 'warn', credential: 'default' });
  });

  it('a stalled daemon is reported by /livez while /readyz still answers 200', async ({ onTestFinished }) => {
    const { run, newToken } = await workbench(onTestFinished);
    const daemon = run({
      WXTOKEN_LISTEN: '127.0.0.1:0',
      NODE_OPTIONS: `--import=${new URL('../support/stop-ticking.mjs', import.meta.url).href}`,
    });
    const { message } = await daemon.logged(/^health and metrics on /);
    const ask = asker(message.split(' ').at(-1) ?? '');
    await newToken();
    await eventually(async () => (await ask('/readyz')).status === 200, { for: 'readiness' });

    // Two minutes pass at once: nobody notices, since the next tick comes within a second.
    daemon.signal('SIGUSR2');
    await daemon.logged(/^stalled for 2 min/);
    expect((await ask('/livez')).status).toBe(200);

    // They pass again, and the tick is dead: what it left is still good.
    daemon.signal('SIGWINCH');
    await eventually(async () => (await ask('/livez')).status === 503, { for: 'the end of life' });
    expect((await ask('/livez')).body).toMatch(/^not ok\nstalled: the main loop last ran 2 min/);
    expect((await ask('/readyz')).status).toBe(200);
  });
});
