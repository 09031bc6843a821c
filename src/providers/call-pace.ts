import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import type { Transport } from './transport.ts';

/** Calls for accounts of one third party that may leave within {@link WITHIN}. */
const CALLS = 10;

/** A second, and what calls that left one after the other may come closer to each other on their way; ms. */
const WITHIN = SECOND + 100;

/**
 * Takes a turn among all calls that share the pace, and waits until it has come. A fetch may make up to three calls (with
 * the refresh token that it has, for the list, with the one that it found), so it is calls that are counted.
 */
export type CallPace = () => Promise<void>;

/** @param wait lets so many ms pass */
export function createCallPace(clock: Clock, wait: (ms: number) => Promise<void> = delay): CallPace {
  /** When the last of them left, or will; monotonic ms. */
  const turns: number[] = [];

  return async () => {
    const { monotonic: now } = clock.now();
    const before = turns.length < CALLS ? undefined : turns.shift();
    const turn = Math.max(now, before === undefined ? now : before + WITHIN);
    turns.push(turn);
    if (turn > now) await wait(turn - now);
  };
}

/** The paces of a daemon: one for each name. */
export function createCallPaces(clock: Clock): (name: string) => CallPace {
  const paces = new Map<string, CallPace>();
  return (name) => {
    const known = paces.get(name) ?? createCallPace(clock);
    paces.set(name, known);
    return known;
  };
}

/** The same transport, whose requests wait for their turn. */
export function paced({ send, close }: Transport, turn: CallPace): Transport {
  return {
    async send(origin, request) {
      await turn();
      return send(origin, request);
    },
    close,
  };
}
