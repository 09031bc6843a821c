import { describe, expect, it } from 'vitest';
import { EdgeError } from '../../src/core/failure.ts';
import type { Judge } from '../../src/core/ports.ts';
import { Secret } from '../../src/core/secret.ts';
import { NO_DOUBTS, settled } from '../../src/core/state/doubts.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { createSteps, createWaits } from '../../src/loop/steps.ts';
import { changed } from '../support/state.ts';
import { PASSING_FAULT, TARGET, tell, token } from '../support/story.ts';
import { aCell, LEASE } from './cell.ts';

const SIGNAL = new AbortController().signal;
const FETCH = { kind: 'fetch', reason: 'due', forced: false } as const;
const FAULT = new EdgeError(PASSING_FAULT);

function stepping(made: ReturnType<typeof aCell>, mayFetch = () => true) {
  return { ...made, ...createSteps(made.loop, SIGNAL, mayFetch) };
}

/** A token that is due, by a store that holds it. */
function due() {
  const story = tell('stable-token');
  story.fetch(token('a'));
  story.publish();
  story.clock.pass(2 * HOUR - MINUTE);
  return stepping(aCell(story));
}

describe('a fetch', () => {
  it('a fetch is written down, announced, made and told', async () => {
    const { cell, act, edges, reports, types, clock } = due();
    const requests: unknown[] = [];
    edges.fetch = async (request) => {
      requests.push(request);
      clock.pass(SECOND);
      return { value: new Secret(token('b')), expiresIn: 7200 };
    };
    await act(cell, FETCH);
    expect(types()).toEqual(['observed', 'began', 'fetched', 'saved']);
    expect(requests).toEqual([{ forced: false, signal: SIGNAL, permit: expect.any(Function) }]);
    expect(reports).toEqual([
      { type: 'fetching', step: FETCH },
      { type: 'refreshed', step: FETCH, lifeMs: 7199 * SECOND, tookMs: SECOND },
    ]);
  });

  it('a token that comes back the same is told as unchanged', async () => {
    const { cell, act, edges, reports } = due();
    edges.fetch = async () => ({ value: new Secret(token('a')), expiresIn: 60 });
    await act(cell, FETCH);
    expect(reports.at(-1)).toMatchObject({ type: 'unchanged', tookMs: 0 });
  });

  it('a failure is told with what is left, and whether it is the first', async () => {
    const { cell, act, edges, reports, types, clock } = due();
    edges.fetch = async () => {
      throw FAULT;
    };
    await act(cell, FETCH);
    expect(types()).toEqual(['observed', 'began', 'failed', 'saved']);
    expect(reports.at(-1)).toMatchObject({
      type: 'failed',
      failure: PASSING_FAULT,
      isFirst: true,
      lifeMs: MINUTE,
    });
    clock.pass(30 * SECOND);
    const { record } = cell.state;
    edges.read = async () => record;
    await act(cell, FETCH);
    expect(reports.at(-1)).toMatchObject({ type: 'failed', isFirst: false, lifeMs: 30 * SECOND });
  });

  it('an error that nobody expected is a passing fault of unknown effect', async () => {
    const { cell, act, edges, events } = due();
    edges.fetch = async () => {
      throw new Error('odd');
    };
    await act(cell, FETCH);
    expect(events).toContainEqual({
      type: 'failed',
      failure: expect.objectContaining({ message: 'odd', effect: 'unknown' }),
    });
  });

  it('nothing is fetched when the daemon ends, and the lock is given back', async () => {
    const made = due();
    let released = 0;
    const release = async () => {
      released += 1;
    };
    made.edges.lock = async () => ({ ...LEASE, release });
    const { act } = stepping(made, () => false);
    await act(made.cell, FETCH);
    expect(made.types()).toEqual(['observed']);
    expect(released).toBe(1);
  });

  it.each([
    ['before it is written down', [false], ['observed', 'blocked']],
    ['before it is sent', [true, false], ['observed', 'blocked']],
  ] as const)('a lock that is lost %s keeps the request from being made', async (_, answers, expected) => {
    const { cell, act, edges, types, reports } = due();
    const held = [...answers] as boolean[];
    edges.lock = async () => ({ ...LEASE, held: async () => held.shift() ?? true });
    await act(cell, FETCH);
    expect(types()).toEqual(expected);
    expect(reports).toEqual([]);
  });

  it('an answer that came after the lock was lost waits until its place is known', async () => {
    const { cell, act, edges, types, reports } = due();
    const held = [true, true, false];
    edges.lock = async () => ({ ...LEASE, held: async () => held.shift() ?? true });
    await act(cell, FETCH);
    expect(types()).toEqual(['observed', 'began', 'answered-late']);
    expect(reports).toEqual([{ type: 'fetching', step: FETCH }]);
  });

  it('a request that went out when the lock may have been lost, and brought nothing, has failed late', async () => {
    for (const [effect, expected] of [
      ['unknown', 'failed-late'],
      ['none', 'failed'],
    ] as const) {
      const { cell, act, edges, types } = due();
      let holds = true;
      edges.lock = async () => ({ ...LEASE, isHeld: () => holds });
      edges.fetch = async ({ permit }) => {
        expect(permit?.()).toBe(true);
        holds = false;
        await Promise.resolve();
        throw new EdgeError({ ...PASSING_FAULT, effect });
      };
      await act(cell, FETCH);
      expect(types()).toContain(expected);
    }
  });

  it('a request that is not permitted at the last moment is no failure', async () => {
    const { cell, act, edges, types } = due();
    edges.lock = async () => ({ ...LEASE, isHeld: () => false });
    edges.fetch = async ({ permit }) => {
      expect(permit?.()).toBe(false);
      throw FAULT;
    };
    await act(cell, FETCH);
    expect(types()).toEqual(expect.arrayContaining(['began', 'blocked']));
    expect(types()).not.toContain('failed');
  });

  it('a refresh that could not be forced is begun with the reason', async () => {
    const story = tell('stable-token', { manual: 'uncoordinated' });
    story.fetch(token('a'));
    story.publish();
    const { cell, act, events } = stepping(aCell(story, { request: { manual: 'preferred' } }));
    await act(cell, { ...FETCH, reason: 'requested' });
    expect(events).toContainEqual(expect.objectContaining({ type: 'began', downgraded: 'uncoordinated' }));
    const plain = due();
    await plain.act(plain.cell, FETCH);
    expect(plain.events.find(({ type }) => type === 'began')).not.toHaveProperty('downgraded');
  });
});

describe('a ticket', () => {
  function ticket(baseLives: boolean) {
    const base = tell('stable-token');
    base.fetch(token('base'));
    const made = aCell(tell('jsapi', {}, 0.5, base.clock));
    const parent = aCell(base);
    if (!baseLives) base.clock.pass(3 * HOUR);
    made.cell.base = parent.cell;
    return { ...stepping(made), parent, base };
  }

  it('a ticket is fetched with the live token of its account', async () => {
    const { cell, act, edges } = ticket(true);
    let used: string | undefined;
    edges.fetch = async (request) => {
      used = request.token?.value.reveal();
      return { value: new Secret(token('ticket')), expiresIn: 7200 };
    };
    await act(cell, { ...FETCH, reason: 'missing' });
    expect(used).toBe(token('base'));
  });

  it('a token that is blamed for a failure is doubted', async () => {
    const { cell, act, edges, parent, reports } = ticket(true);
    edges.fetch = async () => {
      throw new EdgeError({ ...PASSING_FAULT, blamesToken: 'certainly' });
    };
    await act(cell, { ...FETCH, reason: 'missing' });
    expect(reports).toContainEqual({ type: 'doubt', by: 'platform', verdict: 'asked' });
    expect(parent.cell.state.doubts).toMatchObject({ suspicion: 'ask', by: 'platform' });
  });

  it('a token that is possibly to blame is a hint once: where another has not helped, it is not the token', async () => {
    const { cell, act, edges, parent, reports } = ticket(true);
    edges.fetch = async () => {
      throw new EdgeError({ ...PASSING_FAULT, errcode: 40082, blamesToken: 'possibly' });
    };
    await act(cell, { ...FETCH, reason: 'missing' });
    expect(parent.cell.state.doubts).toMatchObject({ suspicion: 'ask', by: 'hint', told: { times: 1 } });
    parent.cell.state = { ...parent.cell.state, doubts: settled(parent.cell.state.doubts) };
    await act(cell, { ...FETCH, reason: 'missing' });
    expect(parent.cell.state.doubts).not.toHaveProperty('suspicion');
    expect(reports.filter(({ type }) => type === 'doubt')).toEqual([
      { type: 'doubt', by: 'hint', verdict: 'asked' },
    ]);
  });

  it('a token that was replaced meanwhile, or is not blamed, is not doubted', async () => {
    const replaced = ticket(true);
    replaced.edges.fetch = async () => {
      replaced.base.fetch(token('next'));
      replaced.parent.cell.state = replaced.base.state();
      throw new EdgeError({ ...PASSING_FAULT, blamesToken: 'certainly' });
    };
    await replaced.act(replaced.cell, { ...FETCH, reason: 'missing' });
    expect(replaced.parent.cell.state.doubts).toEqual(NO_DOUBTS);
    const trusted = ticket(true);
    trusted.edges.fetch = async () => {
      throw FAULT;
    };
    await trusted.act(trusted.cell, { ...FETCH, reason: 'missing' });
    expect(trusted.parent.cell.state.doubts).toEqual(NO_DOUBTS);
  });
});

describe('a look at the store', () => {
  it('a newer token is taken over and told with its life, a known one is not', async () => {
    const writer = tell('stable-token');
    writer.fetch(token('theirs'));
    const { cell, act, edges, reports, events } = stepping(aCell());
    edges.read = async () => writer.state().record;
    edges.fingerprint = async () => 'ours';
    await act(cell, { kind: 'look' });
    expect(events[0]).toMatchObject({ type: 'observed', isPartial: false, fingerprint: 'ours' });
    expect(reports).toEqual([{ type: 'adopted', lifeMs: expect.any(Number) }]);
    expect(reports[0]).not.toMatchObject({ lifeMs: 0 });
    await act(cell, { kind: 'look' });
    expect(reports).toHaveLength(1);
  });

  it('that another daemon was told of an authorisation that is gone is told once', async () => {
    const writer = tell('authorizer');
    writer.fetch(token('theirs'));
    const { cell, act, edges, reports } = stepping(aCell(tell('authorizer', {}, 0.5, writer.clock)));
    edges.read = async () => writer.state().record;
    await act(cell, { kind: 'look' });
    writer.fail({ class: 'refused', code: 'wx-61003', effect: 'none', endsAuthorisation: true });
    for (let time = 0; time < 2; time += 1) await act(cell, { kind: 'look' });
    expect(reports).toMatchObject([
      { type: 'adopted' },
      { type: 'unauthorised', failure: { code: 'wx-61003' } },
    ]);
  });

  it('what is partial, and a secret that cannot be read, are seen as such', async () => {
    const { cell, act, edges, events } = stepping(aCell());
    edges.isPartial = true;
    await act(cell, { kind: 'look' });
    expect(events[0]).toMatchObject({ isPartial: true });
    expect(events[0]).not.toHaveProperty('fingerprint');
    const plain = stepping(
      aCell(undefined, {}, { store: { ...aCell().cell.unit.store, isPartial: () => false } }),
    );
    await plain.act(plain.cell, { kind: 'look' });
    expect(plain.events[0]).toMatchObject({ isPartial: false });
  });

  it('a proven secret in the place of a refused one is told as restored', async () => {
    const refused = { ...PASSING_FAULT, class: 'refused' as const };
    const story = tell('stable-token');
    story.fetch(token('a'));
    const record = { ...story.state().record, secrets: ['proven'] };
    const state = { record, fingerprint: 'wrong', attempts: { failure: refused, failures: 1 } };
    const { cell, act, edges, reports } = stepping(aCell(story, state));
    edges.read = async () => record;
    await act(cell, { kind: 'look' });
    expect(reports).toEqual([]);
    edges.fingerprint = async () => 'proven';
    await act(cell, { kind: 'look' });
    expect(reports).toEqual([{ type: 'restored' }]);
  });
});

describe('a question to the platform', () => {
  it('a token that does not work is told as replaced where any fetch brings another', async () => {
    const story = tell('access-token');
    story.fetch(token('a'));
    const { cell, act, edges, reports } = stepping(aCell(story));
    edges.probe = async () => ({ works: false });
    await act(cell, { kind: 'probe' });
    expect(reports).toEqual([{ type: 'probed', works: false, isReplaced: true }]);
  });

  it.each([true, false])('a probe tells whether the token works: %s', async (works) => {
    const { cell, act, edges, events, reports } = due();
    edges.probe = async () => ({ works });
    await act(cell, { kind: 'probe' });
    expect(events).toEqual([{ type: 'probed', works }]);
    expect(reports).toEqual([{ type: 'probed', works }]);
  });

  it('the time of the platform is noted where it told, and that it was asked', async () => {
    const { cell, act, edges, events } = due();
    await act(cell, { kind: 'ask-time' });
    expect(events).toEqual([{ type: 'timed' }]);
    edges.probe = async () => ({ works: true, platformDate: 5 });
    await act(cell, { kind: 'ask-time' });
    expect(events[1]).toEqual({ type: 'timed', platformDate: 5 });
  });

  it('nobody is asked about a token that is not there', async () => {
    const { cell, act, edges, events } = stepping(aCell());
    edges.probe = () => Promise.reject(new TypeError('nobody is to be asked'));
    await act(cell, { kind: 'probe' });
    expect(events).toEqual([{ type: 'probed', works: true }]);
  });
});

describe('a publication', () => {
  function target(result: 'written' | 'unchanged' | 'superseded' | Error) {
    const asked: boolean[] = [];
    return {
      asked,
      publisher: {
        id: TARGET,
        prepare: async () => [],
        publish: async (_: unknown, { isNewest }: Pick<Judge, 'isNewest'>) => {
          asked.push(await isNewest());
          if (result instanceof Error) throw result;
          return result;
        },
      },
    };
  }

  it.each(['written', 'unchanged'] as const)('a token that was %s is told with its end', async (result) => {
    const { cell, publish, events, reports } = due();
    const { generation, expiresAt } = cell.state.record.token ?? {};
    await publish(cell, target(result).publisher);
    expect(events).toEqual([{ type: 'published', target: TARGET, generation }]);
    expect(reports).toMatchObject([{ type: 'published', target: TARGET, result, expiresAt }]);
  });

  it('that a target is as it was known to be is told as known, until it fails', async () => {
    const { cell, publish, reports } = due();
    const [good, bad] = [target('unchanged').publisher, target(new Error('full')).publisher];
    for (const publisher of [good, bad, good, good]) await publish(cell, publisher);
    const known = reports.map((report) => report.type === 'published' && report.isKnown === true);
    expect(known).toEqual([true, false, false, true]);
  });

  it('what is wrong with a target all the same is told as known when it is told again', async () => {
    const { cell, publish, reports } = due();
    const flawed = {
      ...target('unchanged').publisher,
      flaw: () => ({ ...PASSING_FAULT, message: 'mode 0777' }),
    };
    for (const publisher of [flawed, flawed]) await publish(cell, publisher);
    expect(reports.map((report) => report.type === 'published' && report.isKnown === true)).toEqual([
      false,
      true,
    ]);
  });

  it('a token that a newer one overtook makes the store be looked at', async () => {
    const { cell, publish, events, reports } = due();
    await publish(cell, target('superseded').publisher);
    expect(events).toEqual([{ type: 'invalidated' }]);
    expect(reports).toEqual([]);
  });

  it('a target that fails is an event and a report', async () => {
    const { cell, publish, events, reports } = due();
    await publish(cell, target(new Error('full')).publisher);
    const failure = expect.objectContaining({ message: 'full', effect: 'none' });
    expect(events).toEqual([{ type: 'unpublished', target: TARGET, failure }]);
    expect(reports).toEqual([{ type: 'unpublished', target: TARGET, failure }]);
  });

  it('the newest token is one that the store has no newer for, or that cannot be read', async () => {
    const { cell, publish, edges } = due();
    const { record } = cell.state;
    const { token: ours } = record;
    if (!ours) throw new TypeError('it was fetched');
    const newest = async (read: typeof edges.read) => {
      edges.read = read;
      const { asked, publisher } = target('written');
      await publish(cell, publisher);
      return asked[0];
    };
    expect(await newest(async () => record)).toBe(true);
    expect(await newest(async () => undefined)).toBe(true);
    expect(await newest(() => Promise.reject(FAULT))).toBe(true);
    const newer = { ...record, token: { ...ours, generation: ours.generation + 1 } };
    expect(await newest(async () => newer)).toBe(false);
  });

  it('nothing is published without a token', async () => {
    const { cell, publish, events } = stepping(aCell());
    await publish(cell, target('written').publisher);
    expect(events).toEqual([]);
  });
});

describe('a wait', () => {
  function waiting(manual?: 'ordinary') {
    const made = aCell(undefined, manual ? { request: { manual } } : {});
    return { ...made, ...createWaits(made.loop) };
  }
  const wait = (why: 'budget' | 'lagging' | 'fresh') => ({ kind: 'wait', why, ms: 7 }) as const;

  it('a budget that allows nothing is told once, and again after it allowed something', () => {
    const { cell, noticed, reports } = waiting();
    noticed(cell, wait('budget'));
    noticed(cell, wait('budget'));
    expect(reports).toEqual([{ type: 'exhausted', ms: 7, lifeMs: 0, requested: false }]);
    noticed(cell, wait('fresh'));
    noticed(cell, wait('budget'));
    expect(reports).toHaveLength(2);
  });

  it.each(['budget', 'lagging'] as const)(
    'a refresh that must wait for %s is withdrawn, and that is told',
    (why) => {
      const { cell, noticed, reports, events } = waiting('ordinary');
      noticed(cell, wait(why));
      expect(events).toEqual([{ type: 'withdrawn', why }]);
      const report = { budget: { type: 'exhausted', requested: true }, lagging: { type: 'lagging' } }[why];
      expect(reports).toEqual([expect.objectContaining(report)]);
    },
  );

  it('a person who asks is told of the budget although it was told before', () => {
    const { cell, noticed, reports } = waiting();
    noticed(cell, wait('budget'));
    cell.state = changed(cell.state, { request: { manual: 'ordinary' } });
    noticed(cell, wait('budget'));
    expect(reports.at(-1)).toMatchObject({ type: 'exhausted', requested: true });
  });

  it('a refresh that waits for something else is left alone', () => {
    const { cell, noticed, reports, events } = waiting('ordinary');
    noticed(cell, wait('fresh'));
    expect([...reports, ...events]).toEqual([]);
  });
});
