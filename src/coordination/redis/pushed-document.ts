import { EdgeError, failureOf, PASSING } from '../../core/failure.ts';
import { en, zh } from '../../core/text.ts';
import type { AccountReach } from './reach.ts';
import type { PushedServer, WhatIsPushed } from './state-server.ts';

/** Where something that has been pushed for an account is kept. */
export interface PushedPlace {
  readonly account: string;
  readonly what: WhatIsPushed;
  readonly server: PushedServer;
  /** Every call goes through it, so that nobody waits for a server that is known not to answer. */
  readonly reach: AccountReach;
  /** The name of the place, for people. */
  readonly where: string;
  /** What others are told when this process has written. */
  readonly message: string;
  /** Called once for each reason why what is kept cannot be used; it then counts as absent. */
  readonly warn: (message: string) => void;
}

/** How it is written there. */
export interface PushedForm<T> {
  /** @throws {Error} why the text cannot be used */
  readonly decode: (text: string, account: string) => T;
  readonly encode: (value: T, account: string) => string;
  /** It stays so long after it was last written, ms; absent: for good. What cannot be read then is never written over. */
  readonly expiry?: number;
}

/** What is stored there. */
export interface Stored<T> {
  readonly text?: string;
  /** Absent: nothing, or nothing that can be used. */
  readonly value?: T;
}

/** A document under one key, which is written where it has not changed since it was read, to the byte. */
export interface PushedDocument<T> {
  /** @throws {EdgeError} why it cannot be read */
  read(): Promise<Stored<T>>;
  /**
   * @param decide what to write in place of what is there, or to leave it
   * @param base what was read a moment ago; absent: it is read
   * @returns what `decide` left it with; undefined once it is written
   * @throws {EdgeError} why it cannot be written
   */
  change<Left>(
    decide: (value: T | undefined) => { readonly write: T } | { readonly leave: Left },
    base?: Stored<T>,
  ): Promise<Left | undefined>;
}

/** A duration that is none. */
const FOR_GOOD = 0;

function unreadable(where: string, reason: string): EdgeError {
  return new EdgeError({
    ...{ class: 'passing', code: 'unreadable', effect: 'unsent', backoff: PASSING },
    message: { en: `${where} holds ${reason}`, zh: `${where} 的内容无法使用：${reason}` },
  });
}

/** Attempts of one write: whoever else writes at the same moment has been pushed something as well. */
const MOST_TRIES = 20;

export function pushedDocument<T>(place: PushedPlace, form: PushedForm<T>): PushedDocument<T> {
  const { account, what, server, reach, where, message, warn } = place;
  let complained: string | undefined;

  function storedAs(text: string | undefined): Stored<T> {
    if (text === undefined) return {};
    try {
      const value = form.decode(text, account);
      complained = undefined;
      return { text, value };
    } catch (error) {
      const reason = (error as Error).message;
      if (form.expiry === undefined) throw unreadable(where, reason);
      if (reason !== complained) warn(`ignoring ${where}: ${reason}`);
      complained = reason;
      return { text };
    }
  }

  const read = async () => storedAs(await reach.reads(() => server.readPushed(account, what)));

  async function attempt<Left>(
    decide: (value: T | undefined) => { readonly write: T } | { readonly leave: Left },
    from: Stored<T>,
  ): Promise<Left | undefined> {
    let base = from;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const wanted = decide(base.value);
      if ('leave' in wanted) return wanted.leave;
      const text = form.encode(wanted.write, account);
      const write = { account, base: base.text ?? '', text, duration: form.expiry ?? FOR_GOOD, message };
      const answer = await reach.writes(() => server.keepPushed(what, write));
      if (answer.isKept) return undefined;
      base = storedAs(answer.stored);
    }
    throw new EdgeError({
      ...{ class: 'passing', code: 'redis-contended', effect: 'none', backoff: PASSING },
      message: {
        en: en`${where} changes faster than it can be written`,
        zh: zh`${where} 变化太快，无法写入`,
      },
    });
  }

  return {
    read,
    async change(decide, base) {
      try {
        return await attempt(decide, base ?? (await read()));
      } catch (error) {
        if (failureOf(error, 'none').effect !== 'unknown') throw error;
        // A write of which no answer came may have been made: then it is found, and left.
        return attempt(decide, await read());
      }
    },
  };
}
