import type { Step } from '../core/plan.ts';
import type { Reason } from '../core/reason.ts';
import { SECOND } from '../core/time.ts';

const WAITS: Readonly<Record<Extract<Step, { kind: 'wait' }>['why'], string>> = {
  fresh: 'asking the platform for the next one',
  backoff: 'another try, after the pause that the last failure asks for',
  unready: 'another try: the platform handed out the same one again',
  blocked: 'another try: another daemon holds the lock, or the state folder does not work',
  budget: 'a fetch, when the budget of calls allows it',
  lagging: 'a try with our own AppSecret, which others have replaced by a newer one',
  token: 'a fetch, once there is a live token to fetch it with',
};

const REASONS: Readonly<Record<Reason, string>> = {
  requested: 'somebody asked for it',
  missing: 'there is none',
  'new-secret': 'the AppSecret is a new one',
  unfinished: 'what became of the last fetch is not known',
  expired: 'it has ended',
  refused: 'a reader says that the platform refuses it',
  due: 'it is about to end',
  recheck: 'to learn whether it was replaced elsewhere',
};

const SMALL: Readonly<Record<'look' | 'save' | 'settle' | 'probe' | 'ask-time', string>> = {
  look: 'a look at the state folder',
  save: 'a write to the state folder',
  settle: 'finding out which of two answers is the newer one',
  probe: 'asking the platform whether it works',
  'ask-time': 'asking the platform what time it is',
};

/** What is to be done next and why, in words, and in how many seconds. */
export function nextStep(step: Step): { readonly in: number; readonly what: string } {
  if (step.kind === 'wait') return { in: Math.max(0, Math.ceil(step.ms / SECOND)), what: WAITS[step.why] };
  if (step.kind !== 'fetch') return { in: 0, what: SMALL[step.kind] };
  return { in: 0, what: `a ${step.forced ? 'forced ' : ''}fetch: ${REASONS[step.reason]}` };
}
