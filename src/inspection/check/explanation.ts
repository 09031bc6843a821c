import type { Failure } from '../../core/failure.ts';
import type { Fact, Findings } from '../../core/findings.ts';
import { inWords } from '../../observability/log/duration.ts';
import type { Attempt, Outcome, PlatformProbe } from './probe-platform.ts';

/** What `check --online` reports of one source: facts, warnings and a verdict. */
export interface Explanation extends Findings {
  /**
   * `untried`: it answers, and whether it would accept the credential is unknown; `passing`: try again later; `refused`:
   * a person must act.
   */
  readonly verdict: 'good' | 'untried' | 'passing' | 'refused';
}

/** A clock error above this limit, in ms, is worth a warning. */
const TOLERATED_CLOCK_ERROR = 5_000;

/** Explains the answer of the platform to the operator. */
export function explain({ attempts, outcome }: PlatformProbe): Explanation {
  const clock = attempts.findLast((attempt) => attempt.clock)?.clock;
  return {
    verdict: verdictOn(outcome),
    facts: [
      ...attempts.map(attemptInWords),
      ...answerInWords(outcome, attempts),
      ...(clock ? [clockInWords(clock)] : []),
    ],
    warnings: clock && Math.abs(clock.aheadMs) > TOLERATED_CLOCK_ERROR ? [clockAdvice(clock.aheadMs)] : [],
  };
}

function verdictOn(outcome: Outcome): Explanation['verdict'] {
  if (outcome.kind === 'dead') return 'refused';
  if (outcome.kind === 'reached') return 'untried';
  if (outcome.kind !== 'failed') return 'good';
  const { class: kind } = outcome.failure;
  return kind === 'refused' || kind === 'confirmation' ? 'refused' : 'passing';
}

function attemptInWords({ host, tookMs, failure }: Attempt): Fact {
  const took = `${Math.round(tookMs)} ms`;
  if (!failure) return ['reached', `${host}, in ${took}`];
  return ['no answer', `${host}, after ${took}: ${failure.message}`];
}

function answerInWords(outcome: Outcome, attempts: readonly Attempt[]): readonly Fact[] {
  switch (outcome.kind) {
    case 'token':
      return [
        ['answer', `a token with ${inWords(outcome.lifeMs)} of life left (neither kept nor published)`],
      ];
    case 'works':
      return [
        ['answer', `the stored token works and has ${inWords(outcome.lifeMs)} of life left`],
        ['', 'nothing was fetched: that would kill it'],
      ];
    case 'reached':
      return [
        ['answer', 'a call without the AppSecret is answered; AppSecret and IP whitelist were not tried:'],
        ['', NOT_FETCHED[outcome.why]],
      ];
    case 'dead':
      return [
        ['answer', 'the platform refuses the stored token, though it should still live'],
        ...failureInWords(outcome.failure),
      ];
    case 'failed': {
      // If the last host gave no answer, the fact for that attempt has said so already.
      const isSaid = attempts.at(-1)?.failure?.message === outcome.failure.message;
      const [said, ...rest] = failureInWords(outcome.failure);
      return isSaid || !said ? rest : [said, ...rest];
    }
  }
}

const NOT_FETCHED = {
  'would-kill': 'a fetch kills the one that is published, and no live one is stored here to try',
  'no-budget': 'the budget of fetches is used up for now, and what is left of it belongs to the daemon',
  'no-party': 'no live token of the third party that it is fetched with is stored here',
  'no-ticket': 'no ticket that the platform has pushed is here',
} as const;

function failureInWords({ message, advice, rid }: Failure): readonly Fact[] {
  return [
    ['answer', message],
    ...(advice === undefined ? [] : ([['to do', advice]] as const)),
    ...(rid === undefined ? [] : ([['rid', rid]] as const)),
  ];
}

function clockInWords({ aheadMs, giveOrTakeMs }: NonNullable<Attempt['clock']>): Fact {
  const exactly = Math.max(1, Math.round(giveOrTakeMs / 1000));
  if (Math.abs(aheadMs) <= giveOrTakeMs) return ['clock', `as the platform's, give or take ${exactly} s`];
  const side = aheadMs > 0 ? 'ahead of' : 'behind';
  return ['clock', `${inWords(Math.abs(aheadMs))} ${side} the platform's, give or take ${exactly} s`];
}

function clockAdvice(aheadMs: number): string {
  const side = aheadMs > 0 ? 'ahead' : 'behind';
  const effect =
    aheadMs > 0
      ? 'readers with a right clock take a published token to live longer than it does'
      : 'readers with a right clock take a published token to be older than it is';
  return (
    `this machine's clock is ${inWords(Math.abs(aheadMs))} ${side}: the daemon counts on its own clock, so its tokens ` +
    `stay fresh, but the times in files and logs are off by as much, and ${effect}; synchronise it (NTP, chrony)`
  );
}

/**
 * Failures that only a person can solve, as far as a single request tells. A person who runs `check` asks once, and
 * hardly in the moment in which an API server starts, so refusals are taken seriously at once.
 */
const NEEDS_A_PERSON = new Set([
  'kube-credentials',
  'kube-missing',
  'kube-forbidden',
  'kube-unauthorized',
  'kube-immutable',
  'kube-denied',
  'kube-too-large',
]);

/** Returns the verdict on a cluster that was asked once; `good` if there are no failures. */
export function verdictOnCluster(failures: readonly Failure[]): Explanation['verdict'] {
  if (failures.some((failure) => NEEDS_A_PERSON.has(failure.code))) return 'refused';
  return failures.length > 0 ? 'passing' : 'good';
}
