import * as fc from 'fast-check';
import type { Backoff, FailureClass } from '../../src/core/failure.ts';
import type { Strength } from '../../src/core/state/request.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';

/** What comes of one request. Durations in ms, lives in seconds. */
export type Reply =
  | { readonly kind: 'good'; readonly life: number; readonly dated: boolean; readonly takes: number }
  /** The token that the platform handed out last, with what it has left. */
  | { readonly kind: 'same'; readonly dated: boolean; readonly takes: number }
  /** A good answer that comes when the lock is no longer held. */
  | { readonly kind: 'late'; readonly life: number; readonly dated: boolean; readonly takes: number }
  | {
      readonly kind: 'failed';
      readonly class: FailureClass;
      readonly effect: 'unsent' | 'none' | 'unknown';
      readonly backoff: Backoff;
      readonly takes: number;
    };

/** What happens to two daemons that share a store. `who` is one of them. */
export type Deed =
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'setClock'; readonly who: number; readonly ms: number }
  /** The machine sleeps: true time and the wall clock go on, the monotonic clock stands still. */
  | { readonly type: 'sleep'; readonly who: number; readonly ms: number }
  /** `losing`: both start anew, and nothing is left of the store. */
  | { readonly type: 'restart'; readonly who: number; readonly losing: boolean }
  | { readonly type: 'request'; readonly who: number; readonly strength: Strength }
  | { readonly type: 'refuse'; readonly who: number; readonly times: number }
  | { readonly type: 'secret'; readonly who: number; readonly fingerprint: string }
  | { readonly type: 'replies'; readonly replies: readonly Reply[]; readonly works: boolean }
  | { readonly type: 'store'; readonly locks: 'free' | 'held' | 'unusable'; readonly writes: boolean }
  | { readonly type: 'targets'; readonly work: boolean }
  /** Somebody writes a record of another time, or one that never was. */
  | {
      readonly type: 'forge';
      readonly generation: number;
      readonly life: number;
      readonly shift: number;
      readonly dated: boolean;
      readonly intent: boolean;
    };

const who = fc.nat(1);
const takes = fc.oneof(fc.constant(50), fc.integer({ min: 50, max: 30 * SECOND }));
const dated = fc.boolean();
/** A stable token has at least its window left when it is new; other lives are odd, and must do no harm either. */
const life = fc.oneof(fc.constant(7200), fc.integer({ min: 1, max: 7200 }), fc.constantFrom(1, 60, 299, 345));
/** Both ways, small and large. */
const jump = fc.oneof(
  fc.integer({ min: -DAY, max: DAY }),
  fc.integer({ min: -10 * DAY, max: 10 * DAY }),
  fc.integer({ min: -HOUR, max: HOUR }),
);

const backoff: fc.Arbitrary<Backoff> = fc.record({
  first: fc.constantFrom(SECOND, 5 * SECOND, MINUTE, HOUR),
  growth: fc.constantFrom(1, 2, 3),
  cap: fc.constantFrom(MINUTE, 10 * MINUTE, HOUR),
  jitter: fc.constantFrom('full' as const, 'added' as const),
});

const reply: fc.Arbitrary<Reply> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('good' as const), life, dated, takes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('same' as const), dated, takes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('late' as const), life, dated, takes }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('failed' as const),
      class: fc.constantFrom<FailureClass>('passing', 'frequency', 'quota', 'refused', 'confirmation'),
      effect: fc.constantFrom('unsent' as const, 'none' as const, 'unknown' as const),
      backoff,
      takes,
    }),
  },
);

const deeds = {
  pass: fc.record({
    type: fc.constant('pass' as const),
    ms: fc.oneof(
      fc.integer({ min: SECOND, max: MINUTE }),
      fc.integer({ min: MINUTE, max: 3 * HOUR }),
      fc.constantFrom(7200 * SECOND - 290 * SECOND, 115 * MINUTE, DAY),
    ),
  }),
  setClock: fc.record({ type: fc.constant('setClock' as const), who, ms: jump }),
  sleep: fc.record({
    type: fc.constant('sleep' as const),
    who,
    ms: fc.integer({ min: SECOND, max: 5 * HOUR }),
  }),
  restart: fc.record({ type: fc.constant('restart' as const), who, losing: fc.constant(false) }),
  lose: fc.record({ type: fc.constant('restart' as const), who, losing: fc.constant(true) }),
  request: fc.record({
    type: fc.constant('request' as const),
    who,
    strength: fc.constantFrom<Strength>('ordinary', 'preferred', 'forced'),
  }),
  refuse: fc.record({ type: fc.constant('refuse' as const), who, times: fc.integer({ min: 1, max: 5 }) }),
  secret: fc.record({
    type: fc.constant('secret' as const),
    who,
    fingerprint: fc.constantFrom('a', 'b', 'c'),
  }),
  replies: fc.record({
    type: fc.constant('replies' as const),
    replies: fc.array(reply, { minLength: 1, maxLength: 4 }),
    works: fc.boolean(),
  }),
  store: fc.record({
    type: fc.constant('store' as const),
    locks: fc.constantFrom('free' as const, 'free' as const, 'held' as const, 'unusable' as const),
    writes: fc.boolean(),
  }),
  targets: fc.record({ type: fc.constant('targets' as const), work: fc.boolean() }),
  forge: fc.record({
    type: fc.constant('forge' as const),
    generation: fc.integer({ min: -3, max: 3 }),
    life,
    shift: jump,
    dated,
    intent: fc.boolean(),
  }),
};

export type DeedName = keyof typeof deeds;

/** Histories made of everything but what is named. */
export function histories(...without: readonly DeedName[]): fc.Arbitrary<readonly Deed[]> {
  const rest = Object.entries(deeds).filter(([name]) => !without.some((other) => other === name));
  const weighted = rest.map(([name, arbitrary]) => ({
    weight: name === 'pass' ? 5 : name === 'replies' ? 3 : 1,
    arbitrary: arbitrary as fc.Arbitrary<Deed>,
  }));
  return fc.array(fc.oneof(...weighted), { minLength: 1, maxLength: 40 });
}
