import { setTimeout as delay } from 'node:timers/promises';
import type { Token } from '../core/credential.ts';
import type { Report } from '../core/events/report.ts';
import { backoffDelay, failureOf } from '../core/failure.ts';
import type { AccountStore, Clock, CodeStore, Unit } from '../core/ports.ts';
import { lifeOfCode, type PushedCode } from '../core/pushed-code.ts';
import type { Secret } from '../core/secret.ts';
import { liveToken } from '../core/state/index.ts';
import { SECOND } from '../core/time.ts';
import type { Reconciler } from '../loop/reconciler.ts';
import type { Logger } from '../observability/log/logger.ts';
import { withinTime } from '../system/time/deadline.ts';

/** A third party that is pushed codes, with what is served of it. */
export interface CodedParty {
  /** Of its token. */
  readonly unit: Unit;
  readonly codes: CodeStore;
  /**
   * @returns what is left to be done before anything else, where the answer cannot be had again; `used` where nothing will come
   *   of the code any more
   * @throws {EdgeError} why it is not exchanged
   */
  readonly exchange: (request: ExchangeRequest) => Promise<'exchanged' | 'used' | KeepAnswer>;
  /** The end of the daemon waits for an exchange that is under way: its answer cannot be had again. */
  readonly isIrreplaceable?: true;
  /** The keys of the records of the account, if it is served: then its next fetch exchanges the code. */
  readonly accountsOf: (subject: string | undefined) => readonly string[];
  /** Opens what tells whose turn an exchange outside of a fetch is, and whether it has been made. */
  readonly open: (code: Pick<PushedCode, 'subject'>) => {
    readonly lock: AccountStore['lock'];
    readonly isExchanged: (mark: string) => Promise<boolean>;
  };
  /** Called when something has come of a code outside of a fetch, or nothing will any more. */
  readonly ended: (outcome: CodeOutcome, code: PushedCode) => Promise<void>;
}

export interface ExchangeRequest {
  readonly code: Secret;
  readonly mark: string;
  readonly token: Token;
  readonly signal: AbortSignal;
  /** Asked at the last moment before anything is sent. */
  readonly permit: () => boolean;
}

/** Keeps an answer, for all daemons. It resolves when that is durable, and goes on trying until then. @throws when it is to end */
export type KeepAnswer = (signal: AbortSignal) => Promise<void>;

/** `expired`: its time was over before the platform took it. */
export type CodeOutcome = 'exchanged' | 'used' | 'expired';

export interface CodeDeskOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly reconciler: Pick<Reconciler, 'stateOf' | 'doubt' | 'authorise' | 'settleCode'>;
  readonly parties: () => readonly CodedParty[];
  /** Whether this daemon may ask the platform: of a cluster the one that leads. */
  readonly mayAsk: () => boolean;
  /** In [0, 1). */
  readonly random: () => number;
  /** Ends exchanges that are under way, but for those whose answers cannot be had again. Their codes stay kept. */
  readonly signal: AbortSignal;
  /** Ends them all. */
  readonly cut: AbortSignal;
}

/** What sees to it that something comes of every code that is kept, once. */
export interface CodeDesk {
  /** Takes up what is kept for all third parties, or for the one with that account: something may have arrived. */
  look(account?: string): Promise<void>;
  /** To be told what has come of a code in a fetch. */
  report(report: Report): void;
  /** Resolves when no exchange is under way whose answer cannot be had again. */
  finish(): Promise<void>;
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
  const { clock, logger, reconciler, parties, mayAsk, random, signal, cut } = options;
  /** Codes, by their marks, that are being exchanged here outside of a fetch. */
  const underWay = new Map<string, { readonly party: CodedParty; readonly done: Promise<void> }>();
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

  function takeUp(party: CodedParty, code: PushedCode): void {
    const { mark, value, subject, receivedAt } = code;
    if (!value || underWay.has(mark) || signal.aborted) return;
    const accounts = party.accountsOf(subject);
    for (const account of accounts) reconciler.authorise(account, { mark, value, receivedAt });
    if (accounts.length > 0) return;
    const done = exchangeAlone(party, { ...code, value })
      .catch((error: unknown) => tellFailure(party, subject, error))
      .finally(() => underWay.delete(mark));
    underWay.set(mark, { party, done });
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
   * Exchanges a code outside of a fetch, for as long as it works. Of an account that is not served the platform lists the refresh
   * token only after that, for whoever serves it next. It is done under a lock, since another daemon may do so, or serve the
   * account by now.
   */
  async function exchangeAlone(party: CodedParty, code: OpenCode): Promise<void> {
    const turn = party.open(code);
    for (let failures = 0; !signal.aborted; ) {
      const [account] = party.accountsOf(code.subject);
      // It has come to be served meanwhile, and a fetch exchanges its code.
      if (account !== undefined) return reconciler.authorise(account, code);
      if (lifeOfCode(code, clock.now().wall) <= 0) return end(party, code, 'expired');
      const outcome = await tryOnce(party, turn, code);
      if (outcome === 'settled') return;
      if (outcome === 'exchanged' || outcome === 'used') return end(party, code, outcome);
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
    party: CodedParty,
    { lock, isExchanged }: ReturnType<CodedParty['open']>,
    { mark }: Pick<PushedCode, 'mark'>,
  ): Promise<'exchanged' | 'used' | 'settled' | 'waits' | { readonly error: unknown }> {
    const { unit, codes, exchange, isIrreplaceable } = party;
    const state = reconciler.stateOf(unit.id);
    const token = state && liveToken(state, clock.now());
    if (!token || !mayAsk()) return 'waits';
    const lease = await lock('fetch').catch(() => undefined);
    if (!lease) return 'waits';
    try {
      // Another daemon may have used it while this one waited.
      const known = (await codes.read()).find((code) => code.mark === mark);
      if (!known?.value) return 'settled';
      if (await isExchanged(mark)) {
        await settle(party, mark);
        return 'settled';
      }
      if (!(await lease.held())) return 'waits';
      const permit = () => lease.isHeld?.() ?? true;
      const request = { code: known.value, mark, token, permit };
      const came = await withinTime(
        EXCHANGE_PATIENCE,
        (until) => exchange({ ...request, signal: until }),
        isIrreplaceable ? cut : signal,
      );
      if (typeof came === 'string') return came;
      await came(cut);
      return 'exchanged';
    } catch (error) {
      if (failureOf(error, 'unknown').blamesToken)
        reconciler.doubt((it) => it.equals(token.value), 'platform');
      return { error };
    } finally {
      await lease.release();
    }
  }

  async function end(party: CodedParty, code: PushedCode, outcome: CodeOutcome): Promise<void> {
    await settle(party, code.mark);
    await party.ended(outcome, code);
  }

  function tellFailure({ unit }: CodedParty, subject: string | undefined, error: unknown): void {
    if (signal.aborted) return;
    const { message, code, errcode } = failureOf(error, 'unknown');
    logger.warn(`an authorisation code was not exchanged yet: ${message}`, {
      ...{ credential: unit.name, code },
      ...(subject !== undefined && { app_id: subject }),
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
    async finish() {
      const last = [...underWay.values()].filter(({ party }) => party.isIrreplaceable);
      await Promise.all(last.map(({ done }) => done));
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
  const { subject } = code;
  // Of whom the code of a suite is, nobody knows before it is exchanged.
  return subject !== undefined && all.some((other) => other.subject === subject && isLater(other));
}

/** A code of which nothing has come yet. */
type OpenCode = PushedCode & Required<Pick<PushedCode, 'value'>>;
