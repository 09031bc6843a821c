import { readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { contentOf } from '../support/files.ts';
import { startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { CORP, EXCHANGE, type PushedSuite, pushedSuite, SUITE } from './permanent-codes.ts';

const LOST = 'an authorisation code of a corp was lost';

/** The corp resets its permanent code, as for an app that its provider builds for it. */
async function reset({ sandbox }: PushedSuite): Promise<void> {
  await sandbox.control('PATCH', `/suites/${SUITE}/corps/${CORP}`, { resetPermanentCode: true });
}

/** Waits until the file of a corp holds another code. */
const newCode = ({ codeFile }: PushedSuite, than?: string) =>
  eventually(
    async () => {
      const code = await contentOf(codeFile());
      return code !== than && code;
    },
    { for: 'another permanent code in the file' },
  );

describe('a corp that installs a suite', () => {
  it('its permanent code comes into its file and its token follows, and so it is with the next code', async () => {
    const suite = await pushedSuite(onTestFinished);
    const { codeFile, exchanges, install, kept, listen, newToken } = suite;
    const daemon = await listen();
    await newToken('suite');
    // It is configured before it has authorised, and the daemon says what it waits for.
    const waiting = await daemon.logged((line) => line['code'] === 'secret-awaited');
    expect(waiting.message).toContain(`${codeFile()} is not there yet`);
    expect(String(waiting['advice'])).toContain('when the corp authorises the suite');
    // Nothing has changed since the start.
    expect(daemon.log().some(({ message }) => message.includes('reloaded'))).toBe(false);
    const permanentCode = await install();
    expect(await newCode(suite)).toBe(permanentCode);
    const { mode } = await stat(codeFile());
    expect([mode & 0o777, (await stat(dirname(codeFile()))).mode & 0o777]).toEqual([0o600, 0o700]);
    const token = await newToken('corp');
    await eventually(async () => (await kept('permanent-code')) === 1);
    await reset(suite);
    const next = await newCode(suite, permanentCode);
    await newToken('corp', token);
    expect(await exchanges()).toBe(2);
    const said = daemon.stderr() + JSON.stringify(daemon.log());
    expect(said).not.toMatch(new RegExp(`${permanentCode}|${next}|queryauthcode@@@`));
  });

  it('what is lost of the files is written again, also by a daemon that never got a code; what a person changed stays', async () => {
    const suite = await pushedSuite(onTestFinished);
    const { codeFile, install, listen, newToken, exchanges } = suite;
    const first = await listen();
    await newToken('suite');
    const permanentCode = await install();
    await newToken('corp');
    first.signal('SIGTERM');
    await first.exited;
    await rm(dirname(codeFile()), { recursive: true });
    const second = await listen();
    expect(await newCode(suite)).toBe(permanentCode);
    second.signal('SIGTERM');
    await second.exited;
    const own = 'a-code-that-a-person-has-written';
    await writeFile(codeFile(), own);
    const third = await listen();
    await third.logged(/was changed after the permanent code was exchanged/);
    expect(await contentOf(codeFile())).toBe(own);
    // Unless it is older than what is kept.
    third.signal('SIGTERM');
    await third.exited;
    const longAgo = new Date(Date.now() - 86_400_000);
    await utimes(codeFile(), longAgo, longAgo);
    await listen();
    expect(await newCode(suite, own)).toBe(permanentCode);
    expect(await exchanges()).toBe(1);
  });

  it('a code that comes before the first token of the suite waits for that, also through a restart', async () => {
    const suite = await pushedSuite(onTestFinished);
    const { install, kept, listen, newToken, sandbox, exchanges } = suite;
    await sandbox.faults([{ kind: 'status', status: 502, path: '/cgi-bin/service/get_suite_token' }]);
    const first = await listen();
    const permanentCode = await install();
    await eventually(async () => (await kept('code')) === 1);
    first.signal('SIGKILL');
    await first.exited;
    await sandbox.clearFaults();
    await listen();
    expect(await newCode(suite)).toBe(permanentCode);
    await newToken('corp');
    expect(await exchanges()).toBe(1);
  });

  it('of two daemons on one folder one exchanges a code, once', async () => {
    const suite = await pushedSuite(onTestFinished);
    const { install, listen, newToken, exchanges, pushTo, arguments: args } = suite;
    const one = await listen();
    await newToken('suite');
    const two = startProgram([...args], {}, onTestFinished);
    await pushTo(two);
    const corps = Array.from({ length: 5 }, (_, index) => `wpCorp${index}`);
    for (const [index, corpId] of corps.entries()) {
      await pushTo(index % 2 === 0 ? one : two);
      await install(corpId);
    }
    await eventually(
      async () =>
        (await readdir(join(dirname(suite.codeFile())))).filter((name) => !name.startsWith('.')).length === 5,
    );
    expect(await exchanges()).toBe(5);
    const told = (beginning: string) =>
      [...one.log(), ...two.log()].filter(({ message }) => message.startsWith(beginning)).length;
    await eventually(() => told('exchanged an authorisation code') === 5);
    expect(told(LOST)).toBe(0);
  });

  it('an answer that is lost is the one loss that remains: it is told, with what helps', async () => {
    const suite = await pushedSuite(onTestFinished);
    const { install, listen, newToken, sandbox, kept } = suite;
    const daemon = await listen();
    await newToken('suite');
    await sandbox.faults([{ kind: 'lost-answer', path: EXCHANGE, times: 1 }]);
    await install();
    const line = await daemon.logged(({ message }) => message.startsWith(LOST));
    expect(line).toMatchObject({ level: 'error', credential: 'suite' });
    expect(String(line['advice'])).toContain('authorise the app again');
    expect(await kept('permanent-code')).toBe(0);
    // The next authorisation heals it.
    const permanentCode = await install();
    expect(await newCode(suite)).toBe(permanentCode);
    await newToken('corp');
  });

  it('a daemon that is to stop waits for the answer, which cannot be had again', async () => {
    const suite = await pushedSuite(onTestFinished);
    const { install, listen, newToken, sandbox, exchanges, kept } = suite;
    const first = await listen();
    await newToken('suite');
    await sandbox.faults([{ kind: 'latency', ms: 1500, path: EXCHANGE }]);
    const permanentCode = await install();
    await eventually(async () => (await exchanges()) > 0);
    first.signal('SIGTERM');
    expect((await first.exited).code).toBe(0);
    expect(await kept('permanent-code')).toBe(1);
    await listen();
    expect(await newCode(suite)).toBe(permanentCode);
    expect(await exchanges()).toBe(1);
  });

  it('the app that a provider builds for one corp (type wecom) waits for the code in the same way', async () => {
    const own = { name: 'own', type: 'wecom', corpId: CORP };
    const suite = await pushedSuite(onTestFinished, {
      ...{ suite: 'dk0000000000000001', corps: false },
      more: ({ codeFile, path }) => [
        { ...own, secretFile: codeFile(), publish: [{ type: 'file', path: path('own') }] },
      ],
    });
    const { codeFile, install, listen, newToken, sandbox, exchanges } = suite;
    const first = await listen();
    await newToken('suite');
    await first.logged((line) => line['credential'] === 'own' && line['code'] === 'secret-awaited');
    const permanentCode = await install();
    const token = await newToken('own');
    first.signal('SIGTERM');
    await first.exited;
    // A pod that has lost its volume.
    await rm(codeFile());
    const calls = () => sandbox.calls('/cgi-bin/gettoken');
    const before = await calls();
    const second = await listen();
    await second.logged((line) => line.message.includes('adopted') && line['credential'] === 'own');
    expect([await contentOf(codeFile()), await newToken('own'), await calls()]).toEqual([
      permanentCode,
      token,
      before,
    ]);
    expect(await exchanges()).toBe(1);
  });

  it('a busy platform, and a suite token that is refused, cost a code nothing', async () => {
    const suite = await pushedSuite(onTestFinished);
    const { install, listen, newToken, sandbox, exchanges } = suite;
    await listen();
    await newToken('suite');
    await sandbox.faults([{ kind: 'errcode', errcode: -1, path: EXCHANGE, times: 1 }]);
    await sandbox.control('PATCH', `/suites/${SUITE}`, { killTokens: true });
    const permanentCode = await install();
    expect(await newCode(suite)).toBe(permanentCode);
    expect(await exchanges()).toBe(3);
  });
});
