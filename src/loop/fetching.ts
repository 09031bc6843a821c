import type { Token } from '../core/credential.ts';
import type { Event } from '../core/events/event.ts';
import { type Failure, failureOf } from '../core/failure.ts';
import { begin } from '../core/outcome.ts';
import type { FetchStep } from '../core/plan.ts';
import { kills } from '../core/policy.ts';
import type { FetchRequest, Lease } from '../core/ports.ts';
import { codeOf } from '../core/state/authorisation.ts';
import { judgeDoubt } from '../core/state/doubts.ts';
import { liveToken } from '../core/state/index.ts';
import { lifeLeft } from '../core/state/life.ts';
import type { Instant } from '../core/time.ts';
import type { Cell, Loop } from './cell.ts';
import { type Records, watchedDeparture } from './store.ts';

/**
 * Makes one request to the platform. It is written down before it is sent, sent only while the lock is held, and its
 * outcome is always an event.
 * @param signal ends requests under way
 */
export function createFetching(
  { clock, report, happen }: Loop,
  { write }: Pick<Records, 'write'>,
  signal: AbortSignal,
): (cell: Cell, step: FetchStep, lease: Lease) => Promise<void> {
  return async (cell, step, lease) => {
    // A lease that was taken only for writing, or that ended while we queued, is not to spend a call.
    if (!(await lease.held())) return happen(cell, { type: 'blocked' });
    const record = begin(cell.state, cell.unit.policy, step.forced, clock.now());
    const saved = await write(cell, record, lease);
    if (!saved && kills(cell.unit.policy, step.forced)) return;
    if (!(await lease.held())) return happen(cell, { type: 'blocked' });
    // What becomes known while the step was prepared for another reason is followed up by the next one.
    const authorisation = step.reason === 'authorised' ? cell.state.authorisation : undefined;
    happen(cell, {
      ...{ type: 'began', record, saved },
      ...(step.downgraded && { downgraded: step.downgraded }),
      ...(authorisation && { follows: authorisation.mark }),
    });
    report(cell.unit, { type: 'fetching', step });
    const startedAt = clock.now();
    const token = cell.base && liveToken(cell.base.state, startedAt);
    const { ticket: pushed } = cell.state.pushed;
    const grant = authorisation?.grant ?? cell.state.record.grant;
    const code = codeOf(authorisation, startedAt);
    const takes = {
      ...(token && { token }),
      ...(grant && { grant }),
      ...(pushed && { pushed }),
      ...(code && { code }),
    };
    const { failure: before } = cell.state.attempts;
    const event = await ask(cell, { forced: step.forced, signal, ...takes }, startedAt, lease);
    happen(cell, event);
    if (event.type !== 'fetched' && event.type !== 'failed') return;
    if (authorisation?.value) tellOfCode(cell, authorisation.mark, event.type === 'fetched');
    if (event.type === 'failed' && doubt(cell.base, token, event.failure, before)) {
      // What a person asked for is made once there is another token to ask with.
      if (step.reason === 'requested') happen(cell, { type: 'requested', strength: 'ordinary' });
    }
    tell(cell, step, clock.now().monotonic - startedAt.monotonic);
  };

  /** Sends the request. What came of it is an event. */
  async function ask(
    { unit }: Cell,
    request: FetchRequest,
    startedAt: Instant,
    lease: Lease,
  ): Promise<Event> {
    const departure = watchedDeparture(lease);
    try {
      const answer = await unit.provider.fetch({ ...request, permit: departure.permit });
      return { type: (await lease.held()) ? 'fetched' : 'answered-late', answer, startedAt };
    } catch (error) {
      const failure = failureOf(error, 'unknown');
      if (departure.isRefused()) return { type: 'blocked' };
      const isLate = failure.effect === 'unknown' && departure.isLate();
      return isLate ? { type: 'failed-late', failure, startedAt } : { type: 'failed', failure };
    }
  }

  /**
   * The platform has refused the token that another one was asked for with.
   * @param before what the attempt before met
   * @returns whether another token is to come
   */
  function doubt(
    base: Cell | undefined,
    token: Token | undefined,
    { blamesToken, errcode }: Failure,
    before: Failure | undefined,
  ): boolean {
    if (!base || !blamesToken) return false;
    // Another one has come meanwhile.
    if (base.state.record.token?.generation !== token?.generation) return true;
    // It was doubted for the same reason, and that has not helped: it is not the token then.
    if (blamesToken === 'possibly' && before?.errcode === errcode) return false;
    const by = blamesToken === 'possibly' ? 'hint' : 'platform';
    report(base.unit, { type: 'doubt', by, verdict: judgeDoubt(base.state, clock.now(), by) });
    happen(base, { type: 'doubted', by });
    return true;
  }

  /** A failure leaves a code that may still work, or another one has come: then nothing has come of it yet. */
  function tellOfCode(
    { unit, state: { authorisation, attempts } }: Cell,
    mark: string,
    isFetched: boolean,
  ): void {
    if (authorisation?.mark === mark || (authorisation && attempts.failure)) return;
    const outcome = isFetched && !attempts.failure ? 'exchanged' : 'lost';
    report(unit, { type: 'code', mark, outcome });
  }

  function tell({ unit, state }: Cell, step: FetchStep, tookMs: number): void {
    const { failure, failures, unready } = state.attempts;
    const lifeMs = lifeLeft(state.life, clock.now()) ?? 0;
    if (failure) report(unit, { type: 'failed', step, failure, isFirst: failures === 1, lifeMs, tookMs });
    else report(unit, { type: unready > 0 ? 'unchanged' : 'refreshed', step, lifeMs, tookMs });
  }
}
