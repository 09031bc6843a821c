import type { Step } from '../core/plan.ts';
import type { Reason } from '../core/reason.ts';
import { SECOND } from '../core/time.ts';

/** What is to be done next and why, for people. */
export interface NextStep {
  /** Seconds until then. */
  readonly in: number;
  readonly what: string;
  /** The same in a few words. */
  readonly brief: string;
  /** It should have been done minutes ago: told by who looks from outside the daemon. */
  readonly overdue?: true;
}

/** A sentence, and the same in a few words. */
type Words = readonly [what: string, brief: string];

const WAITS: Readonly<Record<Extract<Step, { kind: 'wait' }>['why'], Words>> = {
  fresh: ['asking the platform for the next one', 'the next one'],
  backoff: ['another try, after the pause that the last failure asks for', 'another try'],
  unready: ['another try: the platform handed out the same one again', 'asked again'],
  blocked: [
    'another try: another daemon holds the lock, or the state folder does not work',
    'a try at the lock',
  ],
  budget: ['a fetch, when the budget of calls allows it', 'budget allows it'],
  lagging: ['a try with our own AppSecret, which others have replaced by a newer one', 'old AppSecret'],
  source: ['a look at where it is mirrored from', 'a look'],
  token: ['a fetch, once there is a live token to fetch it with', 'needs a token'],
};

const REASONS: Readonly<Record<Reason, Words>> = {
  requested: ['somebody asked for it', 'asked for'],
  missing: ['there is none', 'none yet'],
  'new-secret': ['the AppSecret is a new one', 'new AppSecret'],
  unfinished: ['what became of the last fetch is not known', 'last one lost'],
  expired: ['it has ended', 'has ended'],
  refused: ['a reader says that the platform refuses it', 'refused'],
  due: ['it is about to end', 'about to end'],
  recheck: ['to learn whether it was replaced elsewhere', 'a look'],
};

const SMALL: Readonly<Record<'look' | 'save' | 'settle' | 'probe' | 'ask-time', Words>> = {
  look: ['a look at the state folder', 'a look'],
  save: ['a write to the state folder', 'a save'],
  settle: ['finding out which of two answers is the newer one', 'two answers'],
  probe: ['asking the platform whether it works', 'does it work?'],
  'ask-time': ['asking the platform what time it is', 'what time is it?'],
};

/**
 * What is to be done next and why, in words, and in how many seconds.
 * @param leader who fetches for all, where that is another daemon
 */
export function nextStep(step: Step, leader?: string): NextStep {
  const elsewhere = leader === undefined ? undefined : elsewhereBy(leader, step);
  if (elsewhere) return worded(elsewhere, secondsUntil(step));
  if (step.kind === 'wait') return worded(WAITS[step.why], secondsUntil(step));
  if (step.kind !== 'fetch') return worded(SMALL[step.kind]);
  const [why, brief] = REASONS[step.reason];
  const fetch = step.forced ? 'a forced fetch' : 'a fetch';
  return worded([`${fetch}: ${why}`, `${step.forced ? 'forced' : 'fetch'}, ${brief}`]);
}

function worded([what, brief]: Words, seconds = 0): NextStep {
  return { in: seconds, what, brief };
}

/** What another daemon is waited for; undefined for what this one does itself. */
function elsewhereBy(leader: string, step: Step): Words | undefined {
  if (step.kind === 'fetch') return [`waits for ${leader}, which leads`, 'the leader'];
  if (step.kind !== 'wait' || step.why === 'token' || step.why === 'source') return undefined;
  return step.why === 'fresh'
    ? [`the next one, which comes from ${leader}: it leads`, 'the next one']
    : [`waits for ${leader}, which leads`, 'the leader'];
}

function secondsUntil(step: Step): number {
  return step.kind === 'wait' ? Math.max(0, Math.ceil(step.ms / SECOND)) : 0;
}
