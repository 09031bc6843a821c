import { setTimeout as delay } from 'node:timers/promises';
import type { Report } from '../core/events/report.ts';
import { backoffDelay, failureOf } from '../core/failure.ts';
import type { AccountStore, Clock, CodeStore, Provider, Unit } from '../core/ports.ts';
import { lifeOfCode, type PushedCode } from '../core/pushed-code.ts';
import { liveToken } from '../core/state/index.ts';
import type { Text } from '../core/text.ts';
import { SECOND } from '../core/time.ts';
import type { Reconciler } from '../loop/reconciler.ts';
import type { Logger } from '../observability/log/logger.ts';
import { withinTime } from '../system/time/deadline.ts';

/** A third party that is pushed codes, with what is served of it. */
export interface CodedParty {
  /** Of its token. */
  readonly unit: Unit;
  readonly codes: CodeStore;
  readonly exchange: NonNullable<Provider['exchangeCode']>;
  /** The keys of the records of an account that is served; empty: it is not. */
  readonly accountsOf: (subject: string) => readonly string[];
  /** Opens the record of an account that is not served. */
  readonly open: (subject: string) => Pick<AccountStore, 'lock' | 'read'>;
}

export interface CodeDeskOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly reconciler: Pick<Reconciler, 'stateOf' | 'doubt' | 'authorise' | 'settleCode'>;
  readonly parties: () => readonly CodedParty[];
  /** Whether this daemon may ask the platform: of a cluster the one that leads. */
  readonly mayAsk: () => boolean;
  /** In [0, 1). */
  readonly random: () => number;
  /** Called when the code of an account that is not served has been used: the list has its refresh token. */
  readonly exchanged: (party: string) => Promise<void>;
  /** Ends exchanges that are under way. Their codes stay kept. */
  readonly signal: AbortSignal;
}

/** What sees to it that something comes of every code that is kept, once. */
export interface CodeDesk {
  /** Takes up what is kept for all third parties, or for the one with that account: something may have arrived. */
  look(account?: string): Promise<void>;
  /** To be told what has come of a code in a fetch. */
  report(report: Report): void;
}

/** How long an exchange may take, ms. */
const EXCHANGE_PATIENCE = 20 * SECOND;

/** How soon to look again whether the platform's token is there, or its lock can be had, ms. */
const AGAIN = SECOND;

/** What is kept is looked at this often, ms, where nobody tells that something has arrived. */
const LOOK_EVERY = 30 * SECOND;

/** Codes that are remembered here: more than are ever kept. */
const MOST_SETTLED = 1000;

export function createCodeDesk(options: CodeDeskOptions): CodeDesk {
  const { clock, logger, reconciler, parties, mayAsk, random, exchanged, signal } = options;
  /** Codes, by their marks, that are being exchanged here, of accounts that are not served. */
  const underWay = new Set<string>();
  /** Codes that something has come of, by their marks, which may not be written down yet. */
  const settled = new Map<string, number>();
  /** When each store was looked at last, monotonic ms. */
  const looked = new WeakMap<CodeStore, number>();
  let complained: string | undefined;

  async function lookAt(party: CodedParty): Promise<void> {
    looked.set(party.codes, clock.now().monotonic);
    let known: readonly PushedCode[];
    try {
      known = await party.codes.read();
      complained = undefined;
    } catch (error) {
      const { message } = failureOf(error, 'none');
      if (message !== complained)
        logger.warn(`the authorisation codes cannot be read: ${message}`, { credential: party.unit.name });
      complained = message;
      return;
    }
    for (const { mark, value } of known) if (!value) reconciler.settleCode(mark);
    if (!mayAsk()) return;
    const open = known.filter((code) => code.value !== undefined);
    for (const code of open) {
      if (settled.has(code.mark) || isSuperseded(code, open)) await settle(party, code.mark);
      else takeUp(party, code);
    }
  }

  function takeUp(party: CodedParty, { mark, value, subject, receivedAt }: PushedCode): void {
    if (!value || underWay.has(mark)) return;
    const accounts = party.accountsOf(subject);
    for (const account of accounts) reconciler.authorise(account, { mark, value, receivedAt });
    if (accounts.length > 0) return;
    underWay.add(mark);
    void exchangeAlone(party, { mark, value, subject, receivedAt })
      .catch((error: unknown) => tellFailure(party, subject, error))
      .finally(() => underWay.delete(mark));
  }

  async function settle({ codes, unit }: Pick<CodedParty, 'codes' | 'unit'>, mark: string): Promise<void> {
    settled.set(mark, clock.now().monotonic);
    for (const old of [...settled.keys()].slice(0, -MOST_SETTLED)) settled.delete(old);
    try {
      await codes.settle(mark);
    } catch (error) {
      // It is tried again at the next look. Until then this daemon knows.
      const { message } = failureOf(error, 'none');
      logger.warn(`what came of an authorisation code was not written down: ${message}`, {
        credential: unit.name,
      });
    }
  }

  /**
   * Exchanges the code of an account that is not served, for as long as it works: only after that the platform lists its
   * refresh token, for whoever serves it next. It is done under the lock of the account, since another daemon may serve it
   * by now.
   */
  async function exchangeAlone(party: CodedParty, code: Required<PushedCode>): Promise<void> {
    const { unit } = party;
    const store = party.open(code.subject);
    for (let failures = 0; !signal.aborted; ) {
      const [account] = party.accountsOf(code.subject);
      // It has come to be served meanwhile, and a fetch exchanges its code.
      if (account !== undefined) return reconciler.authorise(account, code);
      if (lifeOfCode(code, clock.now().wall) <= 0) return giveUp(party, code, 'its ten minutes are over');
      const outcome = await tryOnce(party, store, code);
      if (outcome === 'settled') return;
      if (outcome === 'exchanged' || outcome === 'used') {
        await settle(party, code.mark);
        const fields = { credential: unit.name, app_id: code.subject };
        if (outcome === 'exchanged') logger.info('an authorisation code was exchanged', fields);
        else logger.warn('an authorisation code had been used already', { ...fields, advice: ADVICE });
        return exchanged(unit.name);
      }
      if (outcome === 'waits') {
        await pause(AGAIN);
        continue;
      }
      failures += 1;
      if (failures === 1) tellFailure(party, code.subject, outcome.error);
      await pause(backoffDelay(failureOf(outcome.error, 'unknown').backoff, Math.min(failures, 5), random()));
    }
  }

  async function tryOnce(
    { unit, codes, exchange }: CodedParty,
    store: Pick<AccountStore, 'lock' | 'read'>,
    { mark }: Pick<PushedCode, 'mark'>,
  ): Promise<'exchanged' | 'used' | 'settled' | 'waits' | { readonly error: unknown }> {
    const state = reconciler.stateOf(unit.id);
    const token = state && liveToken(state, clock.now());
    if (!token || !mayAsk()) return 'waits';
    const lease = await store.lock('fetch').catch(() => undefined);
    if (!lease) return 'waits';
    try {
      // Another daemon may have used it while this one waited.
      const known = (await codes.read()).find((code) => code.mark === mark);
      if (!known?.value || (await store.read())?.grant?.exchanged === mark) return 'settled';
      const { value: code } = known;
      return await withinTime(EXCHANGE_PATIENCE, (until) => exchange({ code, token, signal: until }), signal);
    } catch (error) {
      if (failureOf(error, 'unknown').blamesToken)
        reconciler.doubt((it) => it.equals(token.value), 'platform');
      return { error };
    } finally {
      await lease.release();
    }
  }

  async function giveUp(party: CodedParty, { mark, subject }: PushedCode, why: string): Promise<void> {
    await settle(party, mark);
    logger.warn(`an authorisation code was lost: ${why}`, {
      ...{ credential: party.unit.name, app_id: subject, advice: ADVICE },
    });
    await exchanged(party.unit.name);
  }

  function tellFailure({ unit }: CodedParty, subject: string, error: unknown): void {
    if (signal.aborted) return;
    const { message, code, errcode } = failureOf(error, 'unknown');
    logger.warn(`an authorisation code was not exchanged yet: ${message}`, {
      ...{ credential: unit.name, app_id: subject, code },
      ...(errcode !== undefined && { errcode }),
    });
  }

  const pause = (ms: number) => delay(ms, undefined, { signal, ref: false }).catch(() => {});

  return {
    async look(account) {
      const now = clock.now().monotonic;
      const concerned = parties().filter(({ unit, codes }) =>
        account === undefined
          ? now - (looked.get(codes) ?? Number.NEGATIVE_INFINITY) >= LOOK_EVERY
          : unit.account === account,
      );
      for (const party of concerned) await lookAt(party);
    },
    report(report) {
      if (report.type !== 'code') return;
      settled.set(report.mark, clock.now().monotonic);
      for (const party of parties()) void settleIn(party, report.mark);
    },
  };

  async function settleIn(party: CodedParty, mark: string): Promise<void> {
    const known = await party.codes.read().catch(() => []);
    if (known.some((code) => code.mark === mark && code.value)) await settle(party, mark);
  }
}

/** Whether the account has authorised once more since: then only the newest code counts. */
function isSuperseded(code: PushedCode, all: readonly PushedCode[]): boolean {
  const isLater = ({ receivedAt, mark }: PushedCode) =>
    receivedAt > code.receivedAt || (receivedAt === code.receivedAt && mark > code.mark);
  return all.some((other) => other.subject === code.subject && isLater(other));
}

const ADVICE: Text = {
  en: "the account's admin has to change the permission sets once (更新授权), unless the platform lists the account with a refresh token",
  zh: '除非平台列出的该账号已有刷新令牌，否则请账号的管理员更新一次授权（更改权限集）',
};
