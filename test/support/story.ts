import { apply } from '../../src/core/apply.ts';

import type { Event } from '../../src/core/events/event.ts';
import { type Failure, PASSING } from '../../src/core/failure.ts';
import { begin } from '../../src/core/outcome.ts';
import { type Plan, plan } from '../../src/core/plan.ts';
import type { Policy } from '../../src/core/policy.ts';
import type { PushedTicket } from '../../src/core/pushed-ticket.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { Secret } from '../../src/core/secret.ts';
import { initialState, type State } from '../../src/core/state/index.ts';
import { type FakeClock, fakeClock } from './clock.ts';
import { type CredentialType, policyFor, type TicketType } from './kinds.ts';

const ACCOUNT = 'weixin/stable-token/wx0000000000000000';
export const TARGET = 'file:/var/run/wx/token';

/** One credential's life told event by event: what happens goes into `apply`, what is to be done comes from `plan`. */
export interface Story {
  readonly clock: FakeClock;
  readonly policy: Policy;
  state(): State;
  /** @param base what is known of the token that it is fetched with */
  plan(base?: State): Plan;
  happen(event: Event): void;
  /** A whole fetch: written down, sent, answered and saved. */
  fetch(value: string, expiresIn?: number, platformDate?: number): void;
  /** A whole attempt that fails. */
  fail(failure?: Partial<Failure>): void;
  publish(): void;
}

export function tell(
  type: CredentialType | TicketType,
  overrides: Partial<Policy> = {},
  random = 0.5,
  clock = fakeClock(),
): Story {
  const policy: Policy = {
    ...policyFor(type),
    ...overrides,
  };
  let state = initialState(ACCOUNT, [TARGET], clock.now(), random);
  let stored: AccountRecord | undefined;
  const happen = (event: Event) => {
    if (event.type === 'observed') stored = event.record;
    state = apply(state, event, { policy, now: clock.now(), random });
  };
  const save = () => {
    stored = state.record;
    happen({ type: 'saved', generation: stored.generation });
  };
  /** Looking at the store is taken for granted here: it happens as soon as it is due. */
  const look = () => {
    if (plan(state, policy, clock.now()).step.kind === 'look') happen({ type: 'observed', record: stored });
  };
  const start = () => {
    look();
    const { step } = plan(state, policy, clock.now());
    const forced = step.kind === 'fetch' && step.forced;
    // It is the first reason to fetch.
    const follows = state.authorisation?.mark;
    const record = begin(state, policy, forced, clock.now());
    happen({ type: 'began', record, saved: true, ...(follows !== undefined && { follows }) });
  };
  return {
    clock,
    policy,
    state: () => state,
    plan: (base) => {
      look();
      return plan(state, policy, clock.now(), base);
    },
    happen,
    fetch(value, expiresIn = 7200, platformDate) {
      start();
      const dated = platformDate === undefined ? {} : { platformDate };
      const answer = { value: new Secret(value), expiresIn, ...dated };
      happen({ type: 'fetched', answer, startedAt: clock.now() });
      save();
    },
    fail(failure) {
      start();
      happen({ type: 'failed', failure: { ...PASSING_FAULT, ...failure } });
      save();
    },
    publish() {
      const generation = state.record.token?.generation ?? 0;
      happen({ type: 'published', target: TARGET, generation });
    },
  };
}

export const PASSING_FAULT: Failure = {
  class: 'passing',
  code: 'timeout',
  message: 'no answer',
  zh: { message: '没有应答' },
  effect: 'unknown',
  backoff: PASSING,
};

/** A ticket that the platform pushed so long ago, ms. */
export function pushed({ clock }: Pick<Story, 'clock'>, age = 0, mark = 'a'): PushedTicket {
  const at = clock.now().wall - age;
  return { value: new Secret(`ticket@@@${mark.repeat(86)}`), createdAt: at, receivedAt: at };
}

/** A plausible token that ends in `mark`. */
export function token(mark: string): string {
  return `84_${'x'.repeat(40)}${mark}`;
}
