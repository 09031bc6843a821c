import type { Answer } from '../../src/core/credential.ts';
import { Secret } from '../../src/core/secret.ts';
import { SECOND } from '../../src/core/time.ts';
import type { Reply } from './deeds.ts';

/** A token as the platform knows it: its number grows, times are true time, ms. */
export interface Issued {
  readonly number: number;
  readonly born: number;
  readonly end: number;
}

/** The platform, as far as the planner's properties need one: it says what it is told to say, and remembers. */
export interface Truth {
  readonly issued: ReadonlyMap<string, Issued>;
  issue(now: number, life: number): string;
  /** Its own time: whole seconds. */
  date(now: number): number;
  answer(reply: Exclude<Reply, { kind: 'failed' }>, now: number): Answer;
}

/** @param epoch true time 0 by the platform's clock, epoch ms */
export function createTruth(epoch: number): Truth {
  const issued = new Map<string, Issued>();
  let newest: string | undefined;

  function issue(now: number, life: number): string {
    const value = aValue(`issued${issued.size}`);
    issued.set(value.reveal(), { number: issued.size, born: now, end: now + life * SECOND });
    newest = value.reveal();
    return newest;
  }

  function secondsLeft(now: number): number {
    return Math.floor(((issued.get(newest ?? '')?.end ?? now) - now) / SECOND);
  }

  const date = (now: number) => SECOND * Math.floor((epoch + now) / SECOND);

  return {
    issued,
    issue,
    date,
    answer(reply, now) {
      const again = reply.kind === 'same' && secondsLeft(now) > 0;
      const life = reply.kind === 'same' ? 7200 : reply.life;
      const value = again && newest !== undefined ? newest : issue(now, life);
      return {
        value: new Secret(value),
        expiresIn: secondsLeft(now),
        ...(reply.dated && { platformDate: date(now) }),
      };
    },
  };
}

/** A plausible token that ends in `mark`. */
export function aValue(mark: string): Secret {
  return new Secret(`84_${'x'.repeat(20)}${mark}`);
}
