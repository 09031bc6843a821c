import { describe, expect, it } from 'vitest';
import { type Refresher, refreshDesk, type UnitView } from '../../../src/coordination/folder/refresh-desk.ts';
import type {
  RefreshOutcome,
  RefreshRequest,
  RequestFolder,
} from '../../../src/coordination/folder/request-folder.ts';
import { MINUTE, SECOND } from '../../../src/core/time.ts';
import { tell, token } from '../../support/story.ts';
import { eventually } from '../../support/wait.ts';

const accountOf = (name: string) => `weixin/stable-token/${name}`;

const asks = (names: readonly string[], changes: Partial<RefreshRequest> = {}): RefreshRequest => ({
  credentials: names.map((name) => ({ name, account: accountOf(name) })),
  forced: false,
  patience: 30 * SECOND,
  ...changes,
});

/** A daemon that serves these credentials, each published unless it is told to be busy. */
function served(names: readonly string[]) {
  const story = tell('stable-token');
  story.fetch(token('a'));
  story.publish();
  const busy = new Set<string>();
  const replies: (readonly RefreshOutcome[])[] = [];
  const waiting: RefreshRequest[] = [];
  const refreshed: Parameters<Refresher['refreshNow']>[0][] = [];
  const withdrawn: string[] = [];
  let ticks = 0;
  const folder: RequestFolder = {
    async take(isOurs) {
      const index = waiting.findIndex(isOurs);
      const [request] = index < 0 ? [] : waiting.splice(index, 1);
      return request && { request, reply: async (outcomes) => void replies.push(outcomes) };
    },
    leave: () => Promise.reject(new TypeError('a daemon leaves nothing')),
  };
  const views = (): readonly UnitView[] =>
    names.map((name) => ({
      unit: {
        id: name,
        name: name.replace(/:.*/, ''),
        account: accountOf(name.replace(/:.*/, '')),
        policy: story.policy,
      },
      state: story.state(),
      step: story.plan().step,
      busy: busy.has(name),
    }));
  const refresher: Refresher = {
    refreshNow: (request) => void refreshed.push(request),
    withdraw: (gone) => void withdrawn.push(...gone),
    tick: () => {
      ticks += 1;
    },
    views,
  };
  /** That time has passed, and the desk has looked at it. */
  const pass = async (ms: number) => {
    story.clock.pass(ms);
    const before = ticks;
    const isReplied = replies.length;
    await eventually(() => ticks > before + 1 || replies.length > isReplied, { for: 'a look' });
  };
  const desk = refreshDesk(folder, refresher, story.clock);
  return {
    ...{ desk, busy, replies, waiting, refreshed, withdrawn, pass },
  };
}

describe('serving of refresh requests', () => {
  it('a request refreshes its credential and is answered once that is published', async () => {
    const { desk, waiting, refreshed, replies, withdrawn } = served(['shop', 'other']);
    waiting.push(asks(['shop']));
    await desk.serve();
    expect(refreshed).toEqual([{ names: ['shop'], strength: 'ordinary' }]);
    expect(replies).toEqual([[expect.objectContaining({ name: 'shop', result: 'published' })]]);
    expect(withdrawn).toEqual(['shop']);
  });

  it('a request for a token is answered for its tickets as well', async () => {
    const { desk, waiting, replies } = served(['shop', 'shop:jsapi']);
    waiting.push(asks(['shop']));
    await desk.serve();
    expect(replies[0]?.map(({ name }) => name)).toEqual(['shop', 'shop:jsapi']);
  });

  it('a request waits while the credential is busy, and the daemon ticks for it', async () => {
    const { desk, busy, waiting, replies, pass } = served(['shop']);
    busy.add('shop');
    waiting.push(asks(['shop']));
    const serving = desk.serve();
    await pass(500);
    expect(replies).toEqual([]);
    busy.clear();
    await serving;
    expect(replies[0]).toMatchObject([{ result: 'published' }]);
  });

  it.each([
    [20 * SECOND, 20 * SECOND],
    [10 * MINUTE, 2 * MINUTE],
  ])('a request with a patience of %d ms is given up after %d ms', async (patience, expected) => {
    const { desk, busy, waiting, replies, pass } = served(['shop']);
    busy.add('shop');
    waiting.push(asks(['shop'], { patience }));
    const serving = desk.serve();
    await pass(0);
    await pass(expected - 100);
    expect(replies).toEqual([]);
    await pass(200);
    await serving;
    expect(replies).toEqual([
      [{ name: 'shop', result: 'failed', message: 'timed out', zh: { message: '超时' } }],
    ]);
  });

  it('requests that come together share the strongest refresh and the longest patience', async () => {
    const { desk, busy, waiting, refreshed, replies, pass } = served(['shop']);
    busy.add('shop');
    waiting.push(asks(['shop'], { patience: 40 * SECOND }));
    waiting.push(asks(['shop'], { forced: true, patience: 5 * SECOND }));
    const serving = desk.serve();
    await pass(0);
    await pass(39 * SECOND);
    expect(replies).toEqual([]);
    await pass(2 * SECOND);
    await serving;
    expect(refreshed.map(({ strength }) => strength)).toEqual(['ordinary', 'forced']);
    expect(replies).toHaveLength(2);
  });

  it('each request is answered for the credentials that it named', async () => {
    const { desk, waiting, replies } = served(['shop', 'other']);
    waiting.push(asks(['shop', 'other']), asks(['other']));
    await desk.serve();
    expect(replies.map((reply) => reply.map(({ name }) => name))).toEqual([['shop', 'other'], ['other']]);
  });

  it('a credential that is no longer served is answered as failed', async () => {
    const { desk, waiting, replies } = served(['shop']);
    waiting.push(asks(['shop', 'gone']));
    await desk.serve();
    expect(replies[0]).toContainEqual(
      expect.objectContaining({ name: 'gone', result: 'failed', message: 'is not served' }),
    );
  });

  it('a request for accounts of another daemon is left alone', async () => {
    const { desk, waiting, refreshed } = served(['shop']);
    waiting.push(asks(['other']));
    await desk.serve();
    expect(refreshed).toEqual([]);
    expect(waiting).toHaveLength(1);
  });

  it('a request for a credential that is being served is answered after it, and one for another at once', async () => {
    const { desk, busy, waiting, replies, pass } = served(['shop', 'other']);
    busy.add('shop');
    waiting.push(asks(['shop']));
    const serving = desk.serve();
    await pass(100);
    waiting.push(asks(['shop']), asks(['other']));
    await desk.serve();
    expect(waiting).toHaveLength(1);
    expect(replies).toMatchObject([[{ name: 'other', result: 'published' }]]);
    busy.clear();
    await serving;
    expect(replies).toHaveLength(3);
    waiting.push(asks(['shop']));
    await desk.serve();
    expect(replies).toHaveLength(4);
  });
});
