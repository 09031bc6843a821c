import { describe, expect, it, onTestFinished } from 'vitest';
import { createAnnouncer } from '../../src/app/announcer.ts';
import type { CredentialConfig, NotifierConfig } from '../../src/config/config.ts';
import { type Failure, PASSING } from '../../src/core/failure.ts';
import { type AccountRecord, emptyRecord } from '../../src/core/record.ts';
import type { Targets } from '../../src/core/state/targets.ts';
import type { DeliveryEvent, Wait } from '../../src/notifiers/index.ts';
import { idOf } from '../../src/publishers/file.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { credentialWith } from '../config/configured.ts';
import { aHook, runs } from '../notifiers/hook.ts';
import { afterRequest, httpServer } from '../providers/servers.ts';
import { aToken } from '../publishers/token.ts';
import { eventually } from '../support/wait.ts';

const HOUR = 3_600_000;

async function credentialOf(name: string, notify: readonly NotifierConfig[]): Promise<CredentialConfig> {
  const { credential } = await credentialWith({});
  return { ...credential, name, notify };
}

/** An announcer that serves these, stopped with the test, and what came of it. */
function announcing(...credentials: readonly CredentialConfig[]) {
  const events: DeliveryEvent[] = [];
  const report = (event: DeliveryEvent) => void events.push(event);
  const record: AccountRecord = {
    ...emptyRecord('weixin/stable-token/wx0000000000000000', systemClock.now().wall),
    generation: 2,
    token: aToken('t'.repeat(32), { generation: 2 }),
  };
  let targets: Targets = [];
  const stateOf = () => ({ record, targets });
  const waits: Wait[] = [];
  const announcer = createAnnouncer({
    clock: systemClock,
    random: () => 0.5,
    report,
    crowded: (wait) => void waits.push(wait),
    stateOf,
  });
  onTestFinished(() => announcer.stop());
  announcer.serve(credentials);
  return {
    events,
    waits,
    /** @param now what is known of its targets then */
    publish(name: string, now: Targets = [], result: 'written' | 'unchanged' = 'written') {
      targets = now;
      announcer.published({ id: name, name, kind: 'token' }, result, systemClock.now().wall + HOUR);
    },
    stop: announcer.stop,
    serve: announcer.serve,
  };
}

describe('hooks and webhooks that hang', () => {
  it('twenty hanging hooks of one credential do not delay the hook of another', async () => {
    const hanging = await Promise.all(
      Array.from({ length: 20 }, async (): Promise<NotifierConfig> => {
        const { command } = await aHook('sleep 600');
        return { type: 'exec', command, timeout: HOUR };
      }),
    );
    const quick = await aHook('echo told > log');
    const { publish, events } = announcing(
      await credentialOf('hanging', hanging),
      await credentialOf('quick', [{ type: 'exec', command: quick.command, timeout: HOUR }]),
    );
    publish('hanging');
    publish('quick');
    await eventually(() => quick.in('log'), { for: 'the other hook' });
    expect(events.filter(({ credential }) => credential === 'hanging')).toEqual([]);
  });

  it('a hook that hangs for one credential does not delay the same program for another', async () => {
    const program = await aHook('[ "$1" ] && sleep 600; echo told > log');
    const hooksOf = (nth: number): NotifierConfig => ({
      type: 'exec',
      command: [...program.command, `slow-${nth}`],
      timeout: HOUR,
    });
    const { publish, events } = announcing(
      await credentialOf(
        'hanging',
        Array.from({ length: 10 }, (_, nth) => hooksOf(nth)),
      ),
      await credentialOf('quick', [{ type: 'exec', command: program.command, timeout: HOUR }]),
    );
    publish('hanging');
    publish('quick');
    await eventually(() => program.in('log'), { for: 'the hook of the other credential' });
    expect(events.filter(({ credential }) => credential === 'hanging')).toEqual([]);
  });

  it('hanging shell commands of nine credentials do not delay the notifiers of a tenth', async () => {
    const { url, seen } = await httpServer((response) => response.end());
    const shell = (script: string): NotifierConfig => ({
      type: 'exec',
      command: ['/bin/sh', '-c', script],
      timeout: HOUR,
    });
    const hanging = await Promise.all(
      Array.from({ length: 9 }, (_, nth) => credentialOf(`hanging-${nth}`, [shell(`sleep ${600 + nth}`)])),
    );
    const quick = await aHook('echo told > log');
    const other = await credentialOf('quick', [
      shell(`exec ${quick.command[0]}`),
      { type: 'webhook', url, timeout: HOUR },
    ]);
    const { publish } = announcing(...hanging, other);
    for (const { name } of [...hanging, other]) publish(name);
    await eventually(() => quick.in('log'), { for: 'the other command' });
    await eventually(() => seen.length === 1, { for: 'the webhook' });
  });

  it('a notifier that waits is reported once per credential, with the hooks that run', async () => {
    const hook = await aHook('sleep 600');
    const notify = Array.from(
      { length: 6 },
      (_, nth): NotifierConfig => ({
        type: 'exec',
        command: [...hook.command, `secret-${nth}`],
        timeout: HOUR,
      }),
    );
    const { publish, waits } = announcing(await credentialOf('shop', notify));
    publish('shop');
    const id = `exec:${hook.command[0]}`;
    await eventually(() => waits.length > 0, { for: 'a word of who waits' });
    expect(waits).toEqual([
      {
        credential: 'shop',
        notifier: `notify[2] ${id}`,
        of: `${id} of shop`,
        taken: [`notify[0] ${id} of shop`, `notify[1] ${id} of shop`],
      },
    ]);
  });

  it('webhooks of forty credentials at a hanging host do not delay a webhook elsewhere', async () => {
    const deaf = await afterRequest(() => {});
    const { url, seen } = await httpServer((response) => response.end());
    const credentials = await Promise.all(
      Array.from({ length: 40 }, (_, nth) =>
        credentialOf(`hanging-${nth}`, [{ type: 'webhook', url: `${deaf}/${nth}`, timeout: HOUR }]),
      ),
    );
    const quick = await credentialOf('quick', [{ type: 'webhook', url, timeout: HOUR }]);
    const { publish } = announcing(...credentials, quick);
    for (const { name } of credentials) publish(name);
    publish('quick');
    await eventually(() => seen.length === 1, { for: 'the other webhook' });
  });
});

describe('notifiers removed from the configuration', () => {
  it('a running hook is ended and reported as removed when its notifier is removed', async () => {
    const hook = await aHook('echo $$ > pid; exec sleep 600');
    const shop = await credentialOf('shop', [{ type: 'exec', command: hook.command, timeout: HOUR }]);
    const { publish, serve, events } = announcing(shop);
    publish('shop');
    const pid = await eventually(() => hook.pid('pid'), { for: 'the hook' });
    serve([{ ...shop, notify: [] }]);
    await eventually(() => events.length === 1, { for: 'its end' });
    expect(events).toMatchObject([{ type: 'given-up', failure: { code: 'removed' } }]);
    await eventually(async () => !(await runs(pid)), { for: 'its process to go' });
  });

  it('a removed hook is ended too when the daemon stops right after', async () => {
    const hook = await aHook('echo $$ > pid; exec sleep 600');
    const shop = await credentialOf('shop', [{ type: 'exec', command: hook.command, timeout: HOUR }]);
    const { publish, serve, stop } = announcing(shop);
    publish('shop');
    const pid = await eventually(() => hook.pid('pid'), { for: 'the hook' });
    serve([]);
    await stop();
    expect(await runs(pid)).toBe(false);
  });
});

describe('two notifiers with the same program', () => {
  it('notifiers of the same program are told apart by their current position in the list', async () => {
    const shell = (script: string): NotifierConfig => ({
      type: 'exec',
      command: ['/bin/sh', '-c', script],
      timeout: HOUR,
    });
    const shop = await credentialOf('shop', [shell('exit 0'), shell('exit 3')]);
    const { publish, serve, events } = announcing(shop);
    publish('shop');
    await eventually(() => events.length === 2, { for: 'both' });
    const failed = () => events.filter(({ type }) => type === 'failed').map(({ notifier }) => notifier);
    expect(failed()).toEqual(['notify[1] exec:/bin/sh']);
    serve([{ ...shop, notify: shop.notify.slice(1) }]);
    await eventually(() => failed().length === 2, { for: 'its retry' });
    expect(failed()[1]).toBe('notify[0] exec:/bin/sh');
  });
});

describe('credential published into two files', () => {
  const FIRST = '/var/run/wx/token';
  const SECOND = '/var/run/wx/token.php';
  const full: Failure = {
    class: 'passing',
    code: 'ENOSPC',
    message: 'the disk is full',
    zh: { message: 'the disk is full' },
    effect: 'none',
    backoff: PASSING,
  };

  /** What is known of the two, each by the generation it holds and whether the last write failed. */
  function known(first: number, second: number, failed: readonly string[] = []): Targets {
    const entries = Object.entries({ [FIRST]: first, [SECOND]: second });
    return entries.map(([path, generation]) => {
      const state = { id: idOf({ path }), generation, dueAt: 0, failures: 0 };
      return failed.includes(path) ? { ...state, failures: 1, failure: full } : state;
    });
  }

  async function publishing() {
    const { url, seen } = await httpServer((response) => response.end());
    const one = await credentialOf('shop', [{ type: 'webhook', url, timeout: HOUR }]);
    const file = { type: 'file', of: 'token', format: 'raw', details: false, mode: 0o640 } as const;
    const publish = [FIRST, SECOND].map((path) => ({ ...file, path }));
    return { ...announcing({ ...one, publish }), files: () => seen.map(({ body }) => JSON.parse(body).file) };
  }

  it('a webhook is called once, when both files hold the new token', async () => {
    const { publish, files, events } = await publishing();
    publish('shop', known(2, 1));
    expect(files()).toEqual([]);
    publish('shop', known(2, 2));
    await eventually(() => events.length === 1, { for: 'the webhook' });
    expect(files()).toEqual([FIRST]);
  });

  it('a webhook is called when the last file turns out to hold the new token already', async () => {
    const { publish, files, events } = await publishing();
    publish('shop', known(1, 2));
    publish('shop', known(2, 2), 'unchanged');
    await eventually(() => events.length === 1, { for: 'the webhook' });
    expect(files()).toEqual([FIRST]);
  });

  it('a webhook is called for the written file first and for the failed one after recovery', async () => {
    const { publish, files, events } = await publishing();
    publish('shop', known(1, 2, [FIRST]));
    await eventually(() => events.length === 1, { for: 'the webhook' });
    expect(files()).toEqual([SECOND]);
    publish('shop', known(2, 2));
    await eventually(() => events.length === 2, { for: 'the next call of the webhook' });
    expect(files()).toEqual([SECOND, FIRST]);
  });

  it('a webhook call that waits for the second file is made when the daemon stops', async () => {
    const { publish, files, stop } = await publishing();
    publish('shop', known(2, 1));
    await stop();
    expect(files()).toEqual([FIRST]);
  });
});
