import { setMaxListeners } from 'node:events';
import { backoffDelay, type Failure, PASSING } from '../core/failure.ts';
import { SECOND } from '../core/time.ts';
import { startDeadline } from '../system/time/deadline.ts';
import { createPause } from '../system/time/pause.ts';
import { whereOf } from './address.ts';
import type { RedisConfig } from './connection-types.ts';
import { readCredentials } from './credential-files.ts';
import type { Line } from './driver.ts';
import { redisError } from './failures.ts';
import { CALL_LIMIT, type LinkOptions } from './link.ts';

/** A connection on which nothing comes is asked for a sign of life this often, ms. */
const HEARTBEAT = 15 * SECOND;

/** Between attempts at a connection. */
const RETRY = { ...PASSING, first: 0.5 * SECOND, cap: 10 * SECOND };

/** What is listened to, and who is told. */
export interface Subscription {
  readonly channel: string;
  /** A message came. */
  message(text: string): void;
  /** From now on messages come. Those before are lost, so that whatever they tell of is to be looked at. */
  listening?(): void;
  /** From now on none come, until the next {@link Subscription.listening}. */
  deaf?(failure: Failure): void;
}

/** The connection on which all messages of one entry of `redis` come. There is one while something is listened to. */
export interface Subscriber {
  /** @returns ends the subscription */
  subscribe(subscription: Subscription): () => void;
  close(): Promise<void>;
}

/** Creates the subscriber; it connects with the first subscription, and again whenever the connection is lost. */
export function createSubscriber(
  config: RedisConfig,
  { random, limit = CALL_LIMIT, heartbeat = HEARTBEAT }: LinkOptions & { readonly heartbeat?: number },
): Subscriber {
  const where = whereOf(config);
  const isEncrypted = config.tls !== undefined;
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const pause = createPause();
  const channels = new Map<string, Set<Subscription>>();
  /** Those that the current connection listens to. */
  const heard = new Set<string>();
  let current: Line | undefined;
  let running: Promise<void> | undefined;
  let attempts = 0;

  const all = () => [...channels.values()].flatMap((set) => [...set]);
  const isWanted = () => channels.size > 0 && !closing.signal.aborted;

  async function within<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = startDeadline({ ms: limit, until: [closing.signal], suspendAware: true });
    try {
      return await Promise.race([work(deadline.signal), deadline.reached]);
    } finally {
      deadline.release();
    }
  }

  async function open(): Promise<Line> {
    const credentials = await readCredentials(config, where);
    const { openLine } = await import('./driver.ts');
    // In a Cluster each node hands on what is published at any of them.
    return within((signal) => openLine(config, credentials, signal, attempts));
  }

  /** Subscribes to a channel. One that the user may not listen to is left out, and tried again with the next heartbeat. */
  async function listen(line: Line, channel: string): Promise<void> {
    try {
      await within(() => line.send(['SUBSCRIBE', channel]));
    } catch (error) {
      const { failure } = redisError(error, { where, isEncrypted, command: 'SUBSCRIBE', effect: 'none' });
      if (failure.code !== 'redis-forbidden') throw error;
      for (const subscription of channels.get(channel) ?? []) subscription.deaf?.(failure);
      return;
    }
    heard.add(channel);
    for (const subscription of channels.get(channel) ?? []) subscription.listening?.();
  }

  async function listenToAll(line: Line): Promise<void> {
    // A map is gone through with what is added meanwhile.
    for (const channel of channels.keys()) if (!heard.has(channel)) await listen(line, channel);
  }

  /** Serves one connection until it is lost or not wanted any more. */
  async function serve(): Promise<void> {
    const line = await open();
    let isEnded = false;
    void line.ended.then(() => {
      isEnded = true;
      pause.end();
    });
    line.onMessage((channel, text) => {
      for (const subscription of [...(channels.get(channel) ?? [])]) subscription.message(text);
    });
    try {
      await listenToAll(line);
      current = line;
      attempts = 0;
      while (isWanted() && !isEnded) {
        await pause.for(heartbeat);
        if (!isWanted() || isEnded) break;
        await within(() => line.send(['PING']));
        await listenToAll(line);
      }
      if (isEnded && isWanted()) throw line.lastError() ?? new Error('Connection is closed.');
    } finally {
      current = undefined;
      heard.clear();
      line.end();
    }
  }

  async function run(): Promise<void> {
    while (isWanted()) {
      try {
        await serve();
      } catch (error) {
        attempts += 1;
        if (!isWanted()) break;
        const { failure } = redisError(error, { where, isEncrypted, effect: 'none' });
        for (const subscription of all()) subscription.deaf?.(failure);
        await pause.for(backoffDelay(RETRY, attempts, random()));
      }
    }
  }

  function start(): void {
    running ??= run().finally(() => {
      running = undefined;
      if (isWanted()) start();
    });
  }

  return {
    subscribe(subscription) {
      const { channel } = subscription;
      const isHeard = heard.has(channel);
      channels.set(channel, (channels.get(channel) ?? new Set()).add(subscription));
      const line = current;
      if (isHeard) queueMicrotask(() => subscription.listening?.());
      else if (line) listen(line, channel).catch(() => line.end());
      start();
      return () => {
        const set = channels.get(channel);
        if (!set?.delete(subscription) || set.size > 0) return;
        channels.delete(channel);
        heard.delete(channel);
        if (channels.size === 0) pause.end();
        else current?.send(['UNSUBSCRIBE', channel]).catch(() => {});
      };
    },
    async close() {
      closing.abort(new DOMException('the program stops', 'AbortError'));
      pause.end();
      await running;
    },
  };
}
