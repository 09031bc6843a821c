import type { LookupAddress } from 'node:dns';
import { connect, type Socket } from 'node:net';
import { COMMA, en, joined, type Text, verbatim, zh } from '../../core/text.ts';
import { SECOND } from '../../core/time.ts';

/** One address of a host, in the order in which a connection to it is attempted. */
export interface Candidate {
  readonly address: string;
  readonly family: number;
  /** How long (ms) after the attempt before it this one begins, unless all before it have failed by then. */
  readonly delay: number;
}

/** An attempt to connect to one address of a host. */
export interface Attempt {
  readonly address: string;
  readonly family: number;
  /** `connected`, or the error code with which it failed; absent: no answer has come. */
  readonly end?: string;
}

/**
 * Connection Attempt Delay: the value that RFC 8305 recommends (https://www.rfc-editor.org/rfc/rfc8305#section-5,
 * 2026-11-28).
 */
const ATTEMPT_DELAY = 0.25 * SECOND;

/**
 * How long (ms) IPv4 is given at most before IPv6 is attempted as well, where IPv4 is preferred: a link with a round
 * trip of two seconds has answered by then. A quarter of the time limit is the other bound, so that IPv6 gets its turn.
 */
const MOST_HEAD_START = 2.5 * SECOND;

/** Head start (ms) of IPv4 within a time limit (ms) for the whole request. */
export function headStartWithin(timeout: number): number {
  return Math.max(ATTEMPT_DELAY, Math.min(MOST_HEAD_START, timeout / 4));
}

/**
 * Puts the addresses of a name in the order in which they are attempted: the families take turns, as RFC 8305 has it,
 * and the first address of the resolver decides which of them begins.
 * @param ipv4HeadStart where present, all IPv4 addresses come first, and IPv6 follows after this time (ms)
 */
export function inOrder(found: readonly LookupAddress[], ipv4HeadStart?: number): readonly Candidate[] {
  const distinct = [...new Map(found.map((each) => [each.address, each])).values()];
  const v4 = distinct.filter(({ family }) => family === 4);
  const v6 = distinct.filter(({ family }) => family === 6);
  if (ipv4HeadStart === undefined) {
    const turns = distinct[0]?.family === 6 ? [v6, v4] : [v4, v6];
    return distinct
      .flatMap((_, index) => turns.flatMap((family) => family[index] ?? []))
      .map((each) => ({ ...each, delay: ATTEMPT_DELAY }));
  }
  return [...v4, ...v6].map((each) => ({ ...each, delay: each === v6[0] ? ipv4HeadStart : ATTEMPT_DELAY }));
}

/** Gets the connection, within the event that tells of it: no error of the socket can come before its listener. */
export type Connected = (...outcome: [error: null, socket: Socket] | [error: Error, socket: null]) => void;

/**
 * Connects to whichever address answers first. The next attempt begins after a short delay or when all others have
 * failed, and gives none of them up: Node's own (`autoSelectFamily`) gives each 250 ms, which a link by satellite or
 * across an ocean exceeds.
 * @param note is told of each attempt at its beginning and at its end
 * @param done gets the error of the attempt that got furthest when all have failed, and the reason of `signal` when that
 *   aborts, which it must not have done before
 */
export function connectToFirst(
  candidates: readonly Candidate[],
  port: number,
  signal: AbortSignal,
  note: (attempt: Attempt) => void,
  done: Connected,
): void {
  const waiting = [...candidates];
  const pending = new Set<Socket>();
  const failures: Error[] = [];
  let timer: NodeJS.Timeout | undefined;

  function stop(): void {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    for (const socket of pending) socket.destroy();
  }

  function abort(): void {
    stop();
    done(signal.reason, null);
  }

  function failed(error: Error): void {
    failures.push(error);
    if (pending.size > 0) return;
    if (waiting.length > 0) {
      attemptNext();
      return;
    }
    stop();
    done(furthest(failures), null);
  }

  function attemptNext(): void {
    clearTimeout(timer);
    const candidate = waiting.shift();
    if (!candidate) return;
    const { address, family } = candidate;
    note({ address, family });
    const socket = connect({ host: address, port, family });
    pending.add(socket);

    const onError = (error: Error) => {
      pending.delete(socket);
      note({ address, family, end: codeOf(error) });
      failed(error);
    };
    socket.once('error', onError).once('connect', () => {
      pending.delete(socket);
      socket.off('error', onError);
      note({ address, family, end: 'connected' });
      stop();
      done(null, socket);
    });
    const [next] = waiting;
    if (next) timer = setTimeout(attemptNext, next.delay);
  }

  signal.addEventListener('abort', abort, { once: true });
  attemptNext();
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** Errors of this host, which has no way to the address: of all attempts they say the least. */
const LOCAL = /^(ENETUNREACH|EADDRNOTAVAIL|EAFNOSUPPORT|EINVAL)$/;

/** The failure that says most: a refusal comes from the other side. */
function furthest(failures: readonly Error[]): Error {
  const refused = failures.find((error) => codeOf(error) === 'ECONNREFUSED');
  const remote = failures.find((error) => !LOCAL.test(codeOf(error)));
  return refused ?? remote ?? failures[0] ?? new Error('the name has no addresses');
}

/** Addresses that are listed in a message. */
const MOST_LISTED = 6;

/** Says how attempts went, like `10.9.0.2 (IPv4): no answer, 2001:db8::5 (IPv6): no route (ENETUNREACH)`. */
export function attemptsText(attempts: readonly Attempt[]): Text {
  const listed = attempts.slice(0, MOST_LISTED).map(({ address, family, end }): Text => {
    const what = endInWords(end);
    return { en: en`${address} (IPv${family}): ${what}`, zh: zh`${address}（IPv${family}）：${what}` };
  });
  const more = attempts.length - listed.length;
  const rest = more > 0 ? [{ en: `and ${more} more`, zh: `另有 ${more} 个` }] : [];
  return joined([...listed, ...rest], COMMA);
}

const NO_ROUTE: Text = { en: 'no route', zh: '没有路由' };
const NO_ANSWER: Text = { en: 'no answer', zh: '没有应答' };

const WORDS: Readonly<Record<string, Text>> = {
  ECONNREFUSED: { en: 'refused', zh: '被拒绝' },
  ENETUNREACH: NO_ROUTE,
  EHOSTUNREACH: NO_ROUTE,
  EADDRNOTAVAIL: NO_ROUTE,
  ETIMEDOUT: NO_ANSWER,
};

function endInWords(end: string | undefined): Text {
  if (end === undefined) return NO_ANSWER;
  if (end === 'connected') return { en: 'connected', zh: '已连接' };
  const words = WORDS[end];
  return words ? { en: en`${words} (${end})`, zh: zh`${words}（${end}）` } : verbatim(end);
}
