import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, TakeTurn } from '../core/ports.ts';
import { TURN_LIFE, TURNS } from '../core/turns.ts';
import type { SentRequest, Transport, TransportAnswer } from './transport.ts';

/**
 * Waits until a call may leave. A fetch may make up to three calls (with the refresh token that it has, for the list, with
 * the one that it found), so it is calls that are counted.
 * @param signal ends the waiting: the call is not to be made any more
 */
export type CallPace = (signal?: AbortSignal) => Promise<void>;

export interface CallPaceOptions {
  readonly clock: Clock;
  /** Takes a turn among the calls of all daemons. Where that fails, this one still keeps the pace by itself. */
  readonly shared: () => Promise<number>;
  /** Lets so many ms pass. */
  readonly wait?: (ms: number) => Promise<void>;
}

/** The pace of the calls for the accounts of one third party: one after the other, in the order in which they are made. */
export function createCallPace({ clock, shared, wait = delay }: CallPaceOptions): CallPace {
  /** When the last calls of this daemon left, or will; monotonic ms. */
  const own: number[] = [];
  let last = Promise.resolve();

  async function ownTurn(): Promise<void> {
    const { monotonic: now } = clock.now();
    const before = own.length < TURNS ? undefined : own.shift();
    const at = Math.max(now, before === undefined ? now : before + TURN_LIFE);
    own.push(at);
    if (at > now) await wait(at - now);
  }

  async function sharedTurn(signal: AbortSignal | undefined): Promise<void> {
    while (!signal?.aborted) {
      const ms = await shared().catch(() => 0);
      if (ms <= 0) return;
      await wait(ms);
    }
  }

  return (signal) => {
    const turn = last.then(async () => {
      if (signal?.aborted) return;
      await ownTurn();
      await sharedTurn(signal);
    });
    last = turn;
    return turn;
  };
}

/** The paces of a daemon: one for each name. */
export function createCallPaces(clock: Clock, take: TakeTurn): (name: string) => CallPace {
  const paces = new Map<string, CallPace>();
  return (name) => {
    const known = paces.get(name) ?? createCallPace({ clock, shared: () => take(name) });
    paces.set(name, known);
    return known;
  };
}

/** The same transport, whose requests wait for their turn. */
export function paced(transport: Transport, turn: CallPace): Transport {
  return new Paced(transport, turn);
}

class Paced implements Transport {
  readonly #transport: Transport;
  readonly #turn: CallPace;

  constructor(transport: Transport, turn: CallPace) {
    this.#transport = transport;
    this.#turn = turn;
  }

  async send(origin: string, request: SentRequest): Promise<TransportAnswer> {
    await this.#turn(request.signal);
    return this.#transport.send(origin, request);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}
