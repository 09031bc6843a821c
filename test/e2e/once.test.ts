import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startProgram } from '../support/program.ts';
import { APP_ID, ENDPOINT, TYPES, workbench } from './workbench.ts';

describe.concurrent('once', () => {
  it.for(TYPES)('once publishes the %s and exits with 0', async (type, { onTestFinished }) => {
    const { once, token } = await workbench(onTestFinished);
    const { code, stdout } = await once({ WXTOKEN_TYPE: type });

    expect(code).toBe(0);
    expect(await token()).toMatch(/^\d+_/);
    // What scripts read stays free for answers.
    expect(stdout()).toBe('');
  });

  it('once retries after a passing fault and publishes', async ({ onTestFinished }) => {
    const { sandbox, once, token } = await workbench(onTestFinished);
    await sandbox.faults([{ kind: 'status', status: 502, times: 2 }]);

    expect((await once()).code).toBe(0);
    expect(await token()).toMatch(/^\d+_/);
  });

  it('once exits with 75 when nothing listens at the platform', async ({ onTestFinished }) => {
    const { once, token } = await workbench(onTestFinished);
    const nowhere = await unusedAddress();
    const { code, log } = await once({ WXTOKEN_API_BASE_URL: nowhere }, ['--timeout', '10s']);

    expect(code).toBe(75);
    expect(log()).toContainEqual(
      expect.objectContaining({ level: 'error', credential: 'default', code: 'unreachable' }),
    );
    expect(log().at(-1)?.message).toMatch(/^not published: no answer from 127\.0\.0\.1/);
    expect(await token()).toBeUndefined();
  });

  it('once exits with 75 when the platform hangs longer than the timeout', async ({ onTestFinished }) => {
    const { sandbox, once, token } = await workbench(onTestFinished);
    await sandbox.faults([{ kind: 'hang' }]);

    expect((await once({}, ['--timeout', '1s'])).code).toBe(75);
    expect(await token()).toBeUndefined();
  });

  it('once exits with 77 on a wrong AppSecret without waiting for the timeout', async ({
    onTestFinished,
  }) => {
    const { sandbox, once, token, fetches } = await workbench(onTestFinished);
    await sandbox.account(APP_ID).patch({ secret: 'f'.repeat(32) });
    const { code, log } = await once({}, ['--timeout', '10m']);

    expect(code).toBe(77);
    expect(log()).toContainEqual(
      expect.objectContaining({
        level: 'error',
        credential: 'default',
        errcode: 40125,
        rid: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{8}){2}$/),
        advice: expect.stringContaining('AppSecret'),
      }),
    );
    expect(await token()).toBeUndefined();
    expect(await fetches()).toHaveLength(1);
  });

  it('once exits with 77 without waiting for tickets whose token is refused', async ({ onTestFinished }) => {
    const { sandbox, once } = await workbench(onTestFinished);
    await sandbox.account(APP_ID).patch({ secret: 'f'.repeat(32) });
    const { code, log } = await once({ WXTOKEN_TICKETS: 'jsapi,wx_card' }, ['--timeout', '10m']);

    expect(code).toBe(77);
    for (const kind of ['jsapi', 'wx_card']) {
      const message = 'not published: it needs the token, which WeChat refused';
      expect(log()).toContainEqual(expect.objectContaining({ level: 'error', kind, message }));
    }
  });

  it('G9: once exits with 77 on 40164 and names the IP address to whitelist', async ({ onTestFinished }) => {
    const { sandbox, once } = await workbench(onTestFinished);
    const errmsg = 'invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist';
    await sandbox.faults([{ kind: 'errcode', errcode: 40164, errmsg }]);
    const { code, log } = await once({}, ['--timeout', '10m']);

    expect(code).toBe(77);
    expect(log()).toContainEqual(
      expect.objectContaining({ errcode: 40164, advice: expect.stringContaining('203.0.113.7') }),
    );
  });

  it('once exits with 0 and a warning when a live token cannot be renewed', async ({ onTestFinished }) => {
    const { sandbox, once, token } = await workbench(onTestFinished);
    expect((await once()).code).toBe(0);
    const old = await token();
    await sandbox.faults([{ kind: 'status', status: 500, path: ENDPOINT['stable-token'] }]);
    const { code, log } = await once({ WXTOKEN_ROTATION_WINDOW: '3h' });

    expect(code).toBe(0);
    expect(log()).toContainEqual(expect.objectContaining({ level: 'warn', code: 'http-500' }));
    expect(await token()).toBe(old);
  });

  it.for(['5', '5 s', 'soon', '-5s', '0s'])(
    'once exits with 78 for a timeout of %j',
    async (timeout, { onTestFinished }) => {
      const { once, fetches } = await workbench(onTestFinished);
      const { code, stderr } = await once({}, [`--timeout=${timeout}`]);

      expect(code).toBe(78);
      expect(stderr()).toMatch(/^wx-token-sidecar: --timeout: .+\n$/);
      expect(await fetches()).toEqual([]);
    },
  );

  it('once --help explains the command and exits with 0', async ({ onTestFinished }) => {
    const program = startProgram(['once', '--help'], {}, onTestFinished);

    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(program.stdout()).toContain('--timeout');
    expect(program.stderr()).toBe('');
  });
});

/** Where a moment ago something listened, and now nothing does. */
async function unusedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return `http://127.0.0.1:${address.port}`;
}
