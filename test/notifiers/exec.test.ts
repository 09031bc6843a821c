import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createNotifier, type Notifier } from '../../src/notifiers/index.ts';
import { journal } from '../observability/journal.ts';
import { contentOf } from '../support/files.ts';
import { eventually } from '../support/wait.ts';
import { temporaryFolder } from '../system/folder.ts';
import { aChange, aHook, failureOf, type Hook, NEVER, runs } from './hook.ts';

/** For what must not be what ends it, in ms. */
const LONG = 600_000;

function exec({ command }: Pick<Hook, 'command'>, timeout = LONG): Notifier {
  return createNotifier({ type: 'exec', command, timeout });
}

/** The pid that a hook has written, whose process is killed at the end of the test if it is still there. */
async function pidOf(hook: Hook, name: string): Promise<number> {
  const pid = await eventually(() => hook.pid(name), { for: `the pid in ${name}` });
  onTestFinished(async () => {
    if (await runs(pid)) process.kill(pid, 'SIGKILL');
  });
  return pid;
}

async function isOver(pid: number): Promise<true> {
  return await eventually(async () => !(await runs(pid)), { for: `the end of ${pid}` });
}

describe('running a program', () => {
  it('a program gets six environment variables and no secret of the daemon', async () => {
    process.env['WXTOKEN_SECRET'] = 'hush';
    onTestFinished(() => {
      delete process.env['WXTOKEN_SECRET'];
    });
    const log = join(await temporaryFolder(), 'log');
    const print = `require('fs').writeFileSync(process.argv[1], JSON.stringify(process.env))`;
    await exec({ command: [process.execPath, '-e', print, log] }).notify(
      aChange({ kind: 'jsapi', file: '/var/run/wx/jsapi ticket' }),
      NEVER,
    );
    expect(JSON.parse((await contentOf(log)) ?? '')).toEqual({
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      WX_CREDENTIAL: 'shop',
      WX_KIND: 'jsapi',
      WX_FILE: '/var/run/wx/jsapi ticket',
      WX_EXPIRES_AT: '1767232800',
    });
  });

  it('a program is found and gets PATH and HOME even when the daemon has neither', async () => {
    const { PATH, HOME } = process.env;
    onTestFinished(() => {
      Object.assign(process.env, { PATH, HOME });
    });
    delete process.env['PATH'];
    delete process.env['HOME'];
    const failed = await failureOf(exec({ command: ['sh', '-c', 'echo "PATH=$PATH HOME=$HOME"; exit 1'] }));
    expect(failed.message).toMatch(/PATH=\/\S+:\/bin HOME=\/$/);
  });

  it('a program gets its arguments unchanged, without a shell', async () => {
    const log = join(await temporaryFolder(), 'log');
    const print = `require('fs').writeFileSync(process.argv[1], process.argv.slice(2).join('|'))`;
    const tricky = ['$(id)', '; exit 1', '*', 'two words', ''];
    await exec({ command: [process.execPath, '-e', print, log, ...tricky] }).notify(aChange(), NEVER);
    expect(await contentOf(log)).toBe(tricky.join('|'));
  });

  it('a program has an empty standard input', async () => {
    const hook = await aHook('cat > input; echo done > log');
    await exec(hook).notify(aChange(), NEVER);
    expect(await hook.in('input')).toBe('');
    expect(await hook.in('log')).toBe('done\n');
  });

  it('an exec notifier is named by its program and script, not by other arguments', () => {
    expect(exec({ command: ['/usr/bin/php', '/app/warm.php', '--key=hush'] }).id).toBe(
      'exec:/usr/bin/php /app/warm.php',
    );
    expect(exec({ command: ['warm', '--key=hush'] }).id).toBe('exec:warm');
  });

  it('a program may print megabytes and still end normally', async () => {
    const hook = await aHook('head -c 20000000 /dev/zero; head -c 20000000 /dev/zero >&2; echo done > log');
    await exec(hook).notify(aChange(), NEVER);
    expect(await hook.in('log')).toBe('done\n');
  });
});

describe('failing programs', () => {
  it('a failed program is reported with its exit code and its last output', async () => {
    const failed = await failureOf(exec(await aHook('echo trying; echo no such table >&2; exit 3')));
    expect(failed.code).toBe('exit-3');
    expect(failed.message).toMatch(/^exec:\S+\/hook ended with 3; it said: /);
    expect(failed.message).toContain('no such table');
    expect(failed.failure.advice).toContain('by hand');
  });

  it('a killed program is reported with the signal that ended it', async () => {
    const failed = await failureOf(exec(await aHook('kill -KILL $$')));
    expect(failed.code).toBe('exit-SIGKILL');
    expect(failed.failure.advice).toContain('memory');
  });

  it('only the end of the output of a failed program is kept', async () => {
    const hook = await aHook(
      'head -c 5000000 /dev/zero | tr "\\0" "x"; echo; seq 100000; echo the end; exit 1',
    );
    const { message } = await failureOf(exec(hook));
    expect(message).toMatch(/the end$/);
    expect(message.length).toBeLessThan(4_500);
    expect(message).not.toContain('xxx');
  });

  it('tokens and secrets in the output of a failed program are redacted', async () => {
    const token = `92_${'aB3-_'.repeat(27)}`;
    const hook = await aHook(
      `echo "+ TOKEN=${token}"; echo '{"access_token":"short-one"}'; echo secret=0123; exit 1`,
    );
    const failed = await failureOf(exec(hook));
    expect(failed.message).toContain('+ TOKEN=[redacted]');
    const { logger, text } = journal();
    logger.error(failed.message, { error: failed });
    expect(text()).not.toMatch(/aB3|short-one|0123/);
  });

  it('a token that is cut off at the start of the kept output is dropped', async () => {
    const hook = await aHook(`printf %s ${'aB3-_'.repeat(12)}; printf ' word%.0s' $(seq 815); exit 1`);
    const { message } = await failureOf(exec(hook));
    expect(message).toMatch(/; it said: …( word){815}$/);
  });

  it.each([
    ['is not there', async () => '/nowhere/hook', 'ENOENT', 'no such program'],
    ['may not be executed', () => aFile(0o644), 'EACCES', 'may not be executed'],
    ['is interpreted by what is not there', () => aFile(0o755), 'ENOENT', 'first line'],
  ])('a program that %s is reported as unable to start', async (_, path, code, words) => {
    const failed = await failureOf(exec({ command: [await path(), 'hush'] }));
    expect(failed.failure).toMatchObject({ class: 'refused', code });
    expect(failed.message).toContain(words);
  });

  it('a program whose argument contains a NUL is reported as unable to start', async () => {
    const failed = await failureOf(exec({ command: ['/bin/sh', 'a\0b'] }));
    expect(failed.message).toContain('cannot start exec:/bin/sh');
  });
});

async function aFile(mode: number): Promise<string> {
  const path = join(await temporaryFolder(), 'hook');
  await writeFile(path, '#!/nowhere/interpreter\n', { mode });
  return path;
}

describe('programs that do not end', () => {
  it('a program is ended at its timeout together with its child processes', async () => {
    const hook = await aHook('echo $$ > self; sleep 600 & echo $! > child; echo waiting; wait');
    const failed = await failureOf(exec(hook, 2_000));
    expect(failed.code).toBe('timeout');
    expect(failed.message).toMatch(/was not done within 2 s; it said: waiting$/);
    await isOver(await pidOf(hook, 'self'));
    await isOver(await pidOf(hook, 'child'));
  });

  it('a program gets SIGTERM at its timeout and may clean up', async () => {
    const hook = await aHook('trap "echo cleaned up > log; exit 0" TERM; while :; do sleep 0.02; done');
    expect((await failureOf(exec(hook, 2_000))).code).toBe('timeout');
    expect(await hook.in('log')).toBe('cleaned up\n');
  });

  it('a program that ignores SIGTERM or is suspended is killed at its timeout', async () => {
    const deaf = await aHook('trap "" TERM; echo $$ > self; while :; do sleep 0.1; done');
    const frozen = await aHook('echo $$ > self; kill -STOP $$');
    const failed = await Promise.all([deaf, frozen].map((hook) => failureOf(exec(hook, 2_000))));
    expect(failed.map(({ code }) => code)).toEqual(['timeout', 'timeout']);
    for (const hook of [deaf, frozen]) await isOver(await pidOf(hook, 'self'));
  });

  it('a program that prints without end is ended when the daemon stops', async () => {
    const hook = await aHook('echo $$ > self; exec yes');
    const stop = new AbortController();
    const failing = failureOf(exec(hook), { signal: stop.signal });
    const pid = await pidOf(hook, 'self');
    stop.abort();
    const failed = await failing;
    expect(failed.code).toBe('stopped');
    expect(failed.message.length).toBeLessThan(4_500);
    await isOver(pid);
  });
});

describe('background processes of a program', () => {
  it('a background process does not delay the delivery and is ended at the timeout', async () => {
    const hook = await aHook('(trap "" HUP; sleep 600) & echo $! > left');
    await exec(hook, 3_000).notify(aChange(), NEVER);
    const left = await pidOf(hook, 'left');
    expect(await runs(left)).toBe(true);
    await isOver(left);
  });

  it('a background process can go on printing after its program has ended', async () => {
    const hook = await aHook(
      '(while [ ! -e go ]; do sleep 0.02; done; seq 50000 && echo done > log) & exit 0',
    );
    await exec(hook).notify(aChange(), NEVER);
    await writeFile(hook.command[0].replace(/hook$/, 'go'), '');
    await eventually(async () => (await hook.in('log')) === 'done\n');
  });

  it('a background process is ended at once when its program fails', async () => {
    const hook = await aHook('sleep 600 & echo $! > left; exit 1');
    expect((await failureOf(exec(hook))).code).toBe('exit-1');
    await isOver(await pidOf(hook, 'left'));
  });

  it('a background process is ended at once when the daemon stops', async () => {
    const hook = await aHook('(trap "" TERM; while :; do sleep 0.1; done) & echo $! > left');
    const stop = new AbortController();
    await exec(hook).notify(aChange(), stop.signal);
    const left = await pidOf(hook, 'left');
    expect(await runs(left)).toBe(true);
    stop.abort();
    await isOver(left);
  });

  it('a process that left the process group does not delay the report of a failure', async () => {
    const hook = await aHook(
      'setsid sh -c "echo \\$\\$ > away; exec sleep 600" & while [ ! -s away ]; do sleep 0.02; done; echo why; exit 4',
    );
    expect((await failureOf(exec(hook))).message).toMatch(/ended with 4; it said: why$/);
    expect(await runs(await pidOf(hook, 'away'))).toBe(true);
  });
});
