import { Agent } from 'undici';
import { SECOND } from '../core/time.ts';
import type { Trust } from './connection.ts';

/** Milliseconds. */
export interface Timeouts {
  /** A connection with its handshake. */
  readonly connect: number;
  /** A call from its beginning to the last byte of its answer. */
  readonly call: number;
  /** A watch until its answer begins: a server whose store stands still holds that back. */
  readonly opening: number;
  /** A watch without a byte: the server sends a bookmark every minute, so one that is silent for longer is lost. */
  readonly idle: number;
}

export const TIMEOUTS: Timeouts = {
  connect: 3 * SECOND,
  call: 5 * SECOND,
  opening: 10 * SECOND,
  idle: 90 * SECOND,
};

/** Connections to the API server. */
export interface Agents {
  readonly trust: Trust;
  readonly calls: Agent;
  /** Of their own: on a shared connection a watch would hold up every call until it ends. */
  readonly watches: Agent;
}

/** What finds a dead link within 16 s of silence; a frozen server it does not find, its kernel answers. */
const PROBE_AFTER = 5 * SECOND;

/** Bytes of an answer: an object is at most 1.5 MiB, and says of itself who changed what. */
export const LARGEST_ANSWER = 4 * 1024 * 1024;

/** At most so many calls are under way. */
const CONNECTIONS = 16;

export function createAgents(trust: Trust, { connect: timeout, idle }: Timeouts): Agents {
  const connect = { timeout, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER, ...trust };
  return {
    trust,
    calls: new Agent({ connect, connections: CONNECTIONS, maxResponseSize: LARGEST_ANSWER }),
    watches: new Agent({ connect, headersTimeout: 0, bodyTimeout: idle }),
  };
}
