import { describe, expect, it } from 'vitest';
import { platformFailure } from '../../../src/core/errcodes/index.ts';
import { begin } from '../../../src/core/outcome.ts';
import { Secret } from '../../../src/core/secret.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import { fakeClock } from '../../support/clock.ts';
import { PASSING_FAULT, type Story, tell, token } from '../../support/story.ts';
import { expose, exposeShop, viewOf } from './exposed.ts';

/** The end of a life that begins now, epoch seconds. */
const inSeconds = ({ clock }: Story, ms: number) => (clock.now().wall + ms) / SECOND;

/** A token is due to two daemons that share its state. */
async function twoOnOneAccount() {
  const ours = tell('stable-token');
  ours.fetch(token('a'));
  const neighbour = tell('stable-token', {}, 0.1, ours.clock);
  neighbour.happen({ type: 'observed', record: ours.state().record });
  ours.clock.pass(116 * MINUTE);
  const see = () => ours.happen({ type: 'observed', record: neighbour.state().record });
  return { ours, neighbour, see, ...(await exposeShop(ours)) };
}

/** The record of one that is about to ask the platform. */
function asking({ state, policy, clock }: Story) {
  return begin(state(), policy, false, clock.now());
}

describe('the gauge of a record that cannot be written', () => {
  it('it tells since when and what a restart costs, and is absent otherwise', async () => {
    const story = tell('access-token');
    const name = 'wx_token_record_unwritten_timestamp_seconds';
    const { scrape } = await exposeShop(story);
    story.fetch(token('a'));
    expect(await scrape(name)).toEqual([]);
    const since = inSeconds(story, 0);
    story.happen({ type: 'unstored', failure: PASSING_FAULT });
    story.clock.pass(HOUR);
    const labels = { credential: 'shop', kind: 'token' };
    expect(await scrape(name)).toEqual([{ name, labels: { ...labels, restart: 'nothing' }, value: since }]);
    story.happen({ type: 'observed', record: undefined });
    expect(await scrape(name)).toEqual([{ name, labels: { ...labels, restart: 'token' }, value: since }]);
    story.happen({ type: 'saved', generation: story.state().record.generation });
    expect(await scrape(name)).toEqual([]);
  });

  it('a mirror has no record to write', async () => {
    const story = tell('stable-token', { follows: true });
    story.happen({ type: 'unstored', failure: PASSING_FAULT });
    const { scrape } = await exposeShop(story);
    expect(await scrape('wx_token_record_unwritten_timestamp_seconds')).toEqual([]);
  });
});

describe('gauges of the life of a credential', () => {
  it('the expiry gauge appears with the first token and stays after its end', async () => {
    const story = tell('stable-token');
    const { read } = await exposeShop(story);
    expect(await read('wx_token_expires_timestamp_seconds')).toBeUndefined();
    const end = inSeconds(story, 2 * HOUR);
    story.fetch(token('a'));
    story.clock.pass(HOUR);
    expect(await read('wx_token_expires_timestamp_seconds')).toBe(end);
    story.clock.pass(2 * HOUR);
    expect(await read('wx_token_expires_timestamp_seconds')).toBe(end);
  });

  it('the expiry gauge shows the overlap when an unanswered fetch may have killed the token', async () => {
    const story = tell('access-token');
    story.fetch(token('a'));
    story.clock.pass(HOUR);
    story.fail({ effect: 'unknown' });
    const { read } = await exposeShop(story);
    expect(await read('wx_token_expires_timestamp_seconds')).toBe(inSeconds(story, 5 * MINUTE));
  });

  it('the last-success gauge moves when the platform hands out the same token again', async () => {
    const story = tell('wecom');
    const { read } = await exposeShop(story);
    expect(await read('wx_token_last_success_timestamp_seconds')).toBeUndefined();
    story.fetch(token('a'));
    const first = inSeconds(story, 0);
    story.clock.pass(119 * MINUTE);
    story.fail();
    expect(await read('wx_token_last_success_timestamp_seconds')).toBe(first);
    story.fetch(token('a'), 60);
    const again = inSeconds(story, 0);
    story.clock.pass(30 * SECOND);
    expect(await read('wx_token_last_success_timestamp_seconds')).toBe(again);
  });

  it('consecutive failures are counted from zero until the next success', async () => {
    const story = tell('stable-token');
    const { read } = await exposeShop(story);
    expect(await read('wx_token_consecutive_failures')).toBe(0);
    story.fail();
    story.fail();
    expect(await read('wx_token_consecutive_failures')).toBe(2);
    story.fetch(token('a'));
    expect(await read('wx_token_consecutive_failures')).toBe(0);
  });

  it('a failure of another daemon on the account counts, its pending fetch does not', async () => {
    const { ours, neighbour, see, read } = await twoOnOneAccount();
    neighbour.happen({ type: 'began', record: asking(neighbour), saved: true });
    see();
    expect(ours.state().attempts.failures).toBe(1);
    expect(await read('wx_token_consecutive_failures')).toBe(0);
    neighbour.happen({ type: 'failed', failure: PASSING_FAULT });
    see();
    expect(await read('wx_token_consecutive_failures')).toBe(1);
  });

  it('a success of another daemon resets the consecutive failures, even after refusals of our own', async () => {
    const { ours, neighbour, see, read } = await twoOnOneAccount();
    const failure = platformFailure('official', 'token', { errcode: 40164, errmsg: '' });
    ours.happen({ type: 'failed', failure });
    neighbour.happen({ type: 'observed', record: ours.state().record });
    expect(await read('wx_token_consecutive_failures')).toBe(1);
    neighbour.happen({ type: 'began', record: asking(neighbour), saved: true });
    const answer = { value: new Secret(token('b')), expiresIn: 7200 };
    neighbour.happen({ type: 'fetched', answer, startedAt: ours.clock.now() });
    see();
    expect(ours.state().attempts.failures).toBe(1);
    expect(await read('wx_token_consecutive_failures')).toBe(0);
  });

  it('the last-sync gauge shows when the shared state was last read, even while a read hangs', async () => {
    const story = tell('stable-token');
    const { read } = await exposeShop(story);
    story.fetch(token('a'));
    story.happen({ type: 'observed', record: story.state().record });
    const seen = inSeconds(story, 0);
    story.clock.pass(HOUR);
    expect(await read('wx_token_follower_last_sync_timestamp_seconds')).toBe(seen);
    story.happen({ type: 'invalidated' });
    expect(story.state().store.lookedAt).toBe(Number.NEGATIVE_INFINITY);
    story.clock.pass(HOUR);
    expect(await read('wx_token_follower_last_sync_timestamp_seconds')).toBe(seen);
  });
});

describe('gauges of the budgets', () => {
  it('the quota gauges show used and allowed calls for fetches and for forced refreshes', async () => {
    const story = tell('stable-token', { budget: { fetchesPerDay: 200, forcedPerDay: 7 } });
    story.fetch(token('a'));
    story.happen({ type: 'requested', strength: 'forced' });
    story.clock.pass(HOUR);
    story.fetch(token('b'));
    const { scrape } = await exposeShop(story);
    const budgetsOf = async (name: string) =>
      Object.fromEntries((await scrape(name)).map(({ labels, value }) => [labels['budget'], value]));
    expect(await budgetsOf('wx_token_quota_used')).toEqual({ fetches: 2, forced: 1 });
    expect(await budgetsOf('wx_token_quota_limit')).toEqual({ fetches: 200, forced: 7 });
    story.clock.pass(26 * HOUR);
    expect(await budgetsOf('wx_token_quota_used')).toEqual({ fetches: 0, forced: 0 });
  });

  it('a ticket has a budget of its own and is told apart by its kind', async () => {
    const clock = fakeClock();
    const [base, ticket] = [tell('stable-token', {}, 0.5, clock), tell('jsapi', {}, 0.5, clock)];
    for (const story of [base, ticket]) story.fetch(token('a'));
    const { scrape } = await expose(clock, () => [viewOf('shop', base), viewOf('shop', ticket, 'jsapi')]);
    const labelsOf = async (name: string) => (await scrape(name)).map(({ labels }) => labels);
    expect(await labelsOf('wx_token_quota_used')).toEqual([
      { credential: 'shop', budget: 'fetches' },
      { credential: 'shop', budget: 'forced' },
      { credential: 'shop', budget: 'jsapi_fetches' },
    ]);
    expect(await labelsOf('wx_token_quota_limit')).toEqual(await labelsOf('wx_token_quota_used'));
    expect(await labelsOf('wx_token_expires_timestamp_seconds')).toEqual([
      { credential: 'shop', kind: 'token' },
      { credential: 'shop', kind: 'jsapi' },
    ]);
    expect(await labelsOf('wx_token_follower_last_sync_timestamp_seconds')).toEqual([{ credential: 'shop' }]);
  });
});
