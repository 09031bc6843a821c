import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/sandbox/index.ts';
import type { Program } from '../support/program.ts';
import { startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import { APP_ID, APP_SECRET, ENDPOINT, TYPES, workbench } from './workbench.ts';

const FORMATS = ['json', 'text'] as const;

describe.concurrent('the log', () => {
  it('each JSON log line has a time, a level, a message and the credential concerned', async ({
    onTestFinished,
  }) => {
    const { sandbox, run, newToken } = await workbench(onTestFinished);
    await sandbox.faults([{ kind: 'status', status: 503, times: 1 }]);
    const daemon = run({ WXTOKEN_LOG_LEVEL: 'debug' });
    const first = await newToken();
    daemon.signal('SIGHUP');
    await newToken(first);
    await daemon.logged(/^published/);
    daemon.signal('SIGTERM');
    await daemon.exited;

    const lines = daemon.stderr().split('\n').slice(0, -1);
    expect(daemon.log()).toHaveLength(lines.length);
    for (const line of daemon.log()) {
      expect(line).toMatchObject({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        level: expect.stringMatching(/^(error|warn|info|debug)$/),
        message: expect.stringMatching(/./),
      });
    }
    // All but the daemon's own life and the signals it gets is about a credential.
    const own = /^(started|stopped|SIGTERM: stopping|HUP: refreshing everything now)$/;
    const about = daemon.log().filter(({ message }) => !own.test(message));
    expect(about.length).toBeGreaterThan(4);
    for (const line of about) expect(line, line.message).toMatchObject({ credential: 'default' });
    expect(daemon.stdout()).toBe('');
  });

  it('the log is plain text for people with WXTOKEN_LOG_FORMAT=text', async ({ onTestFinished }) => {
    const { once } = await workbench(onTestFinished);
    const { stderr } = await once({ WXTOKEN_LOG_FORMAT: 'text' });

    const lines = stderr().split('\n').slice(0, -1);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) {
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z (ERROR|WARN |INFO |DEBUG) \w.* credential=default/);
      expect(line).not.toContain('{');
    }
    expect(stderr()).toMatch(/ INFO {2}fetched a new token, valid for (2 h 0|1 h 59) min /);
    expect(stderr()).toMatch(/ INFO {2}published .*target=\S*\/volume\/token/);
  });

  it('the log holds nothing below the configured level', async ({ onTestFinished }) => {
    const { once } = await workbench(onTestFinished);
    const { code, stderr } = await once({ WXTOKEN_LOG_LEVEL: 'error' });

    expect(code).toBe(0);
    expect(stderr()).toBe('');
  });

  it('a warning of Node itself appears once in the log', async ({ onTestFinished }) => {
    const { once, sandbox } = await workbench(onTestFinished);
    // Node warns when it begins to speak TLS, which the sandbox does not.
    const url = sandbox.url.replace('http:', 'https:');
    const { stderr, log } = await once({ NODE_TLS_REJECT_UNAUTHORIZED: '0', WXTOKEN_API_BASE_URL: url }, [
      '--timeout',
      '10s',
    ]);

    const warnings = log().filter(({ message }) => message.includes('NODE_TLS_REJECT_UNAUTHORIZED'));
    expect(warnings).toEqual([expect.objectContaining({ level: 'warn' })]);
    expect(log()).toHaveLength(stderr().trimEnd().split('\n').length);
  });

  it('the log warns of a secret file that everyone may read and says what to do', async ({
    onTestFinished,
  }) => {
    const { folder, once } = await workbench(onTestFinished);
    const warnings = ({ log }: Program) => log().filter(({ level }) => level === 'warn');
    expect(warnings(await once())).toEqual([]);
    await chmod(join(folder, 'secrets', 'app.secret'), 0o644);
    const exposed = await once();

    expect(warnings(exposed)).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(/secret file .*app\.secret/),
        credential: 'default',
        advice: expect.stringMatching(/chmod.*defaultMode/),
      }),
    ]);
    expect(exposed.code).toBe(0);
  });

  it('the log warns of risky settings at start', async ({ onTestFinished }) => {
    const { once } = await workbench(onTestFinished);
    const { log, code } = await once({ WXTOKEN_ROTATION_WINDOW: '3h', WXTOKEN_FETCHES_PER_DAY: '29' });

    expect(code).toBe(0);
    expect(log().filter(({ level }) => level === 'warn')).toEqual([
      expect.objectContaining({
        credential: 'default',
        message: expect.stringContaining('WXTOKEN_ROTATION_WINDOW'),
      }),
      expect.objectContaining({ message: expect.stringContaining('a budget of 29 fetches a day') }),
    ]);
  });

  it('a repeated failure is logged at growing intervals', async ({ onTestFinished }) => {
    const { sandbox, run, fetches, newToken } = await workbench(onTestFinished);
    const daemon = run();
    await newToken();
    await sandbox.faults([{ kind: 'status', status: 500 }]);
    const before = (await fetches()).length;
    // Each HUP skips the backoff.
    for (let failed = 1; failed <= 9; failed += 1) {
      daemon.signal('SIGHUP');
      await eventually(async () => (await fetches()).length >= before + failed, { for: `failure ${failed}` });
    }
    daemon.signal('SIGTERM');
    await daemon.exited;

    // Of nine failures the first, the second, the fourth and the eighth.
    expect(daemon.log().filter(({ code }) => code === 'http-500')).toHaveLength(4);
  });
});

describe.concurrent('G8: secrets in the output', () => {
  for (const type of TYPES) {
    for (const format of FORMATS) {
      it(`the debug log as ${format} never holds the AppSecret or any ${type}`, async ({
        onTestFinished,
      }) => {
        const { sandbox, file, run, newToken, fetches } = await workbench(onTestFinished);
        const reader = startRestlessReader({ file }, onTestFinished);
        const daemon = run({
          WXTOKEN_TYPE: type,
          WXTOKEN_LOG_LEVEL: 'debug',
          WXTOKEN_LOG_FORMAT: format,
        });
        const first = await newToken();
        await eventually(() => reader.readings().values.includes(first), { for: 'a read' });

        for (const fault of tellingFaults(first)) {
          const before = (await fetches()).length;
          await sandbox.faults([{ ...fault, path: ENDPOINT[type] }]);
          daemon.signal('SIGHUP');
          await eventually(async () => (await fetches()).length > before, {
            for: `a fetch with ${fault.kind}`,
          });
        }
        await sandbox.clearFaults();
        daemon.signal('SIGHUP');
        if (type === 'access-token') await newToken(first);
        daemon.signal('SIGTERM');
        await daemon.exited;

        const said = daemon.stdout() + daemon.stderr();
        expect(said).toContain('http-302');
        expect(said).toContain('987654');
        expect(said).not.toContain(APP_SECRET);
        for (const token of [...(await reader.stop()).values, ALMOST]) {
          // Not even the beginning of one.
          expect(said).not.toContain(token.slice(0, 24));
        }
      });
    }
  }

  it('the debug log never holds an AppSecret that WeChat refuses', async ({ onTestFinished }) => {
    const { sandbox, once } = await workbench(onTestFinished);
    await sandbox.account(APP_ID).patch({ secret: 'f'.repeat(32) });
    const { code, stdout, stderr } = await once({ WXTOKEN_LOG_LEVEL: 'debug' });

    expect(code).toBe(77);
    expect(stdout() + stderr()).not.toContain(APP_SECRET);
  });
});

/** As good as a token, but for its quote. */
const ALMOST = `77_${'B'.repeat(132)}"`;

/** Answers that repeat what they were asked, or hold what is nearly a token: all of it tempting to log. */
function tellingFaults(token: string): Fault[] {
  return [
    {
      kind: 'errcode',
      errcode: 987654,
      errmsg: `secret ${APP_SECRET} of ${APP_ID} with access_token=${token}`,
    },
    { kind: 'errcode', errcode: 40125, errmsg: `invalid appsecret ${APP_SECRET}` },
    { kind: 'body', body: JSON.stringify({ access_token: ALMOST, expires_in: 7200 }) },
    { kind: 'body', body: `access_token=${token}&secret=${APP_SECRET}` },
    { kind: 'redirect', location: `https://portal.example.com/login?secret=${APP_SECRET}&t=${token}` },
    { kind: 'cut' },
    { kind: 'partial' },
    { kind: 'status', status: 502 },
  ];
}
