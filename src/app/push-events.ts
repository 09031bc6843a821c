import { setTimeout as delay } from 'node:timers/promises';
import { sha256 } from '../codec/encoding.ts';
import { type CredentialConfig, isFetched } from '../config/config.ts';
import type { Report } from '../core/events/report.ts';
import { failureOf } from '../core/failure.ts';
import type { Clock, Unit } from '../core/ports.ts';
import { Secret } from '../core/secret.ts';
import { liveToken } from '../core/state/index.ts';
import type { Text } from '../core/text.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import type { Reporter } from '../loop/cell.ts';
import type { Reconciler } from '../loop/reconciler.ts';
import type { Logger } from '../observability/log/logger.ts';
import type { PushEvent } from '../push/channel.ts';
import { withinTime } from '../system/time/deadline.ts';
import { createDoubt } from './doubt.ts';

/** The list of one entry that stands for as many accounts as the platform lists. */
export interface AccountsList {
  readonly name: string;
  /** The third party. */
  readonly via: { readonly name: string };
  /** Whether it is being read. */
  readonly isBusy: () => boolean;
}

export interface PushEventsOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly reconciler: Pick<Reconciler, 'stateOf' | 'refuse' | 'refreshNow' | 'authorise'>;
  readonly units: () => readonly Unit[];
  readonly credentials: () => readonly CredentialConfig[];
  /** The lists of accounts by which entries are served; absent: there are none. */
  readonly lists?: () => readonly AccountsList[];
  /** Ends exchanges that are under way. */
  readonly signal: AbortSignal;
}

/** How long an exchange may take, ms: its code lives for ten minutes. */
const EXCHANGE_PATIENCE = 20 * SECOND;

/** How long a code works, ms. A push that is older is one that somebody has recorded, or a hint at best. */
const CODE_LIFE = 10 * MINUTE;

/** How soon to look again whether a reading of a list has ended, ms. */
const AGAIN = 0.1 * SECOND;

/** Codes that are remembered: a recorded push can be sent again, and its code has worked its once. */
const MOST_CODES = 1000;

/** What acts on events of the receiver. */
export interface PushEvents {
  /**
   * Something has been authorised or cancelled. The event is a hint: what is true, the platform is asked.
   * @param isExchanged whether the code is exchanged here, and not by an app
   */
  happened(name: string, event: PushEvent, isExchanged: boolean): Promise<void>;
  /** To be told what happened to a unit. */
  readonly report: Reporter;
}

/**
 * How long an account is remembered as authorised, ms: a fetch that was under way meanwhile has an outcome by then, here or
 * at another daemon.
 */
const OUTCOMES = 2 * MINUTE;

export function createPushEvents(options: PushEventsOptions): PushEvents {
  const { clock, logger, reconciler, units, credentials, lists = () => [], signal } = options;
  const doubt = createDoubt(options);
  /** Exchanges by the mark of their code. A push that is repeated waits for the one of the push before. */
  const exchanges = new Map<string, Promise<void>>();
  /** The codes that accounts that are served have been given, by their marks. */
  const given = new Set<string>();
  /** When units learnt of an authorisation last, epoch ms. */
  const authorised = new Map<string, number>();
  /** The lists that are to be read again once what is under way for them has ended. */
  const waiting = new Set<string>();

  /**
   * Lets accounts that are served exchange the code by a fetch, once: so no other fetch of theirs is under way meanwhile,
   * here or at another daemon.
   */
  function give(accounts: readonly string[], code: string): void {
    const mark = sha256(code);
    if (given.has(mark)) return;
    given.add(mark);
    for (const old of [...given].slice(0, -MOST_CODES)) given.delete(old);
    for (const account of accounts) reconciler.authorise(account, { value: new Secret(code), mark });
  }

  /**
   * Exchanges the code of an account that is not served, once: only after that the platform lists its refresh token, for
   * whoever serves it next.
   */
  function exchangeOnce(name: string, code: string, subject: string | undefined): Promise<void> {
    const mark = sha256(code);
    const exchange = exchanges.get(mark) ?? exchangeNow(name, code, subject);
    exchanges.set(mark, exchange);
    for (const old of [...exchanges.keys()].slice(0, -MOST_CODES)) exchanges.delete(old);
    return exchange;
  }

  async function exchangeNow(name: string, code: string, subject: string | undefined): Promise<void> {
    const fields = { credential: name, ...(subject !== undefined && { app_id: subject }) };
    const { provider } = units().find(({ id }) => id === name) ?? {};
    if (!provider?.exchangeCode) return;
    const state = reconciler.stateOf(name);
    const token = state && liveToken(state, clock.now());
    if (!token) {
      logger.warn('an authorisation code was not exchanged: there is no live token of the platform', {
        ...fields,
        advice: ADVICE,
      });
      return;
    }
    try {
      await withinTime(
        EXCHANGE_PATIENCE,
        (until) =>
          provider.exchangeCode?.({ code: new Secret(code), token, signal: until }) ?? Promise.resolve(),
        signal,
      );
      logger.info('an authorisation code was exchanged', fields);
    } catch (error) {
      const { message, code: reason, errcode } = failureOf(error, 'unknown');
      logger.warn(`an authorisation code was not exchanged: ${message}`, {
        ...{ ...fields, code: reason, advice: ADVICE },
        ...(errcode !== undefined && { errcode }),
      });
    }
  }

  /** The served credentials that an event is about. */
  function concerned(name: string, subject: string | undefined): readonly string[] {
    return credentials()
      .filter((one) => isFetched(one) && one.via?.name === name && one.appId === subject)
      .map((one) => one.name);
  }

  function accountsOf(names: readonly string[]): readonly string[] {
    return [
      ...new Set(
        units()
          .filter(({ id }) => names.includes(id))
          .map(({ account }) => account),
      ),
    ];
  }

  /** Lets the accounts be asked for that an event is about. */
  function hint(name: string, subject: string | undefined, isBack: boolean): void {
    for (const account of concerned(name, subject)) {
      authorised.set(account, clock.now().wall);
      void doubt(account, isBack);
    }
  }

  /**
   * Lets the lists of a third party be read. A reading that is under way may have begun before what the event tells of, so
   * another one follows it. Hundreds of events that come together are one reading, or two.
   */
  async function relist(party: string): Promise<void> {
    for (const { name, isBusy } of lists().filter(
      ({ via, name: list }) => via.name === party && !waiting.has(list),
    )) {
      waiting.add(name);
      while (isBusy() && !signal.aborted) await delay(AGAIN);
      waiting.delete(name);
      if (!signal.aborted) reconciler.refreshNow({ names: [name], strength: 'ordinary' });
    }
  }

  return {
    async happened(name, { code, subject, createdAt }, isExchanged) {
      const isFresh = clock.now().wall - createdAt < CODE_LIFE;
      const accounts = accountsOf(concerned(name, subject));
      if (isExchanged && isFresh && code !== undefined && accounts.length > 0) {
        give(accounts, code);
      } else {
        if (isExchanged && code !== undefined) await exchangeOnce(name, code, subject);
        // What cancels comes without a code.
        hint(name, subject, code !== undefined);
      }
      await relist(name);
    },
    // An exchange that an app makes, or that of an account that was not served yet, makes a token, which replaces that of a
    // fetch under way. So what such a fetch brings is doubted as well.
    report(unit, { type }) {
      const at = unit && authorised.get(unit.id);
      if (at === undefined || !BRINGS.has(type)) return;
      const token = reconciler.stateOf(unit?.id ?? '')?.record.token;
      const isOver = clock.now().wall - at >= OUTCOMES || (token && token.issuedAt > at);
      if (isOver) authorised.delete(unit?.id ?? '');
      else if (token) reconciler.refuse((value) => value.equals(token.value));
    },
  };
}

/** Reports of a token that another one may have replaced by now. */
const BRINGS: ReadonlySet<Report['type']> = new Set(['refreshed', 'unchanged', 'adopted', 'found']);

const ADVICE: Text = {
  en: "the account's admin has to change the permission sets once (更新授权), unless the platform lists the account with a refresh token",
  zh: '除非平台列出的该账号已有刷新令牌，否则请账号的管理员更新一次授权（更改权限集）',
};
