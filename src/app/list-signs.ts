import { setTimeout as delay } from 'node:timers/promises';
import { sha256 } from '../codec/encoding.ts';
import { type CredentialConfig, isFetched } from '../config/config.ts';
import type { Clock, Unit } from '../core/ports.ts';
import type { Grant } from '../core/record.ts';
import { isNewGrant } from '../core/state/authorisation.ts';
import { liveToken } from '../core/state/index.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import type { Reconciler } from '../loop/reconciler.ts';
import type { ListRead } from '../providers/kind.ts';
import { withinTime } from '../system/time/deadline.ts';

export interface ListSignsOptions {
  readonly clock: Clock;
  readonly reconciler: Pick<Reconciler, 'stateOf' | 'authorise' | 'refreshNow'>;
  readonly units: () => readonly Unit[];
  readonly credentials: () => readonly CredentialConfig[];
  /** The entries of accounts as they are listed. */
  readonly lists: () => readonly {
    readonly name: string;
    readonly via: { readonly name: string };
    readonly unit: Unit;
  }[];
  /** Whether this daemon may ask the platform: of a cluster the one that leads. */
  readonly mayAsk: () => boolean;
  /** Ends what is waited for. */
  readonly signal: AbortSignal;
}

/**
 * What the list of a third party tells of accounts beyond who is in it. An authorisation ends the account's token at once
 * and changes its refresh token; of one that no push told of, the list tells.
 */
export interface ListSigns {
  /** Told of every reading. @param party the AppID of the third party */
  readonly listRead: (party: string) => ListRead;
  /** Has lists read that may have changed while no daemon listened. To be called at every tick. */
  tick(): void;
  /**
   * An account has authorised, and an app is about to exchange its code: the list is read until it has a refresh token that
   * is not known, for as long as the code works.
   * @param party the name of the third party
   */
  follow(party: string, subject: string): Promise<void>;
}

/**
 * A list that was read so long ago, ms, is read again after a start: pushes may have been missed meanwhile. However often
 * daemons start, by the record the list is not read more often because of that.
 */
const MISSED_AFTER = 10 * MINUTE;

/** Where accounts are served by name alone no record tells when the list was read: a daemon that fails before that reads none; ms. */
const SETTLED_AFTER = 30 * SECOND;

/** There may be thousands of accounts, and what is looked for changes by minutes, ms. */
const LOOK_EVERY = 10 * SECOND;

/** How long the list is followed, ms: for as long as the code works. Most apps exchange it within seconds. */
const FOLLOWED = 10 * MINUTE;
const CLOSELY = MINUTE;
const CLOSE_PAUSE = 3 * SECOND;
const PAUSE = 15 * SECOND;
const LONGEST_PAUSE = MINUTE;

/** How long a reading may take, ms. */
const PATIENCE = 20 * SECOND;

export function createListSigns(options: ListSignsOptions): ListSigns {
  const { clock, reconciler, units, credentials, lists, mayAsk, signal } = options;
  const { wall: startedAt, monotonic: began } = clock.now();
  /** The third parties, and the entries, whose lists have been read since the start, or need not be. */
  const done = new Set<string>();
  const followed = new Set<string>();
  /** When accounts that are served by name were looked at last, monotonic ms. */
  let lookedAt = Number.NEGATIVE_INFINITY;

  function accountsOf(
    is: (via: { readonly name: string; readonly appId: string }, appId: string) => boolean,
  ) {
    const names = new Set<string>();
    // Of thousands most often none is one.
    for (const one of credentials()) {
      if (isFetched(one) && one.via && is(one.via, one.appId)) names.add(one.name);
    }
    return names.size === 0 ? [] : units().filter(({ id }) => names.has(id));
  }

  function tell(
    party: string,
    accounts: ReadonlyMap<string, { readonly grant?: Grant }>,
    readAt: number,
  ): void {
    const byId = new Map(
      credentials().flatMap((one) =>
        isFetched(one) && one.via?.appId === party
          ? [[one.name, accounts.get(one.appId)?.grant] as const]
          : [],
      ),
    );
    for (const { id, account } of units()) {
      const grant = byId.get(id);
      const state = grant && reconciler.stateOf(id);
      if (!state || !isNewGrant(grant, state, readAt, clock.now())) continue;
      const mark = sha256(`${grant.refreshToken.reveal()} ${grant.authorisedAt ?? ''}`);
      reconciler.authorise(account, { grant, mark });
    }
  }

  /** @returns whether the list was read */
  async function read(account: Unit): Promise<boolean> {
    const base = account.base === undefined ? undefined : reconciler.stateOf(account.base);
    const token = base && liveToken(base, clock.now());
    const { readGrants } = account.provider;
    if (!token || !readGrants || !mayAsk()) return false;
    try {
      await withinTime(PATIENCE, (until) => readGrants({ token, signal: until }), signal);
      return true;
    } catch {
      // Whoever is fetched by it meets and tells the same.
      return false;
    }
  }

  function lookAtEntry({ name, unit }: ReturnType<ListSignsOptions['lists']>[number]): void {
    if (done.has(unit.account)) return;
    const token = reconciler.stateOf(unit.id)?.record.token;
    if (!token) return;
    if (token.issuedAt > startedAt) done.add(unit.account);
    else if (clock.now().wall - token.issuedAt >= MISSED_AFTER && mayAsk()) {
      done.add(unit.account);
      reconciler.refreshNow({ names: [name], strength: 'ordinary' });
    }
  }

  function lookAtNamed(): void {
    const now = clock.now();
    if (now.monotonic - began < SETTLED_AFTER || now.monotonic - lookedAt < LOOK_EVERY) return;
    lookedAt = now.monotonic;
    const listed = new Set(lists().map(({ via }) => via.name));
    for (const account of accountsOf((via) => !listed.has(via.name) && !done.has(via.name))) {
      const token = reconciler.stateOf(account.id)?.record.token;
      const party = account.base ?? '';
      // One that was fetched since needs no list, and another account of the third party may tell otherwise.
      if (done.has(party) || !token || now.wall - token.issuedAt < MISSED_AFTER) continue;
      if (token.issuedAt > startedAt || !mayAsk()) continue;
      done.add(party);
      void read(account).then((isRead) => {
        if (!isRead) done.delete(party);
      });
    }
  }

  /** Whether the account has a token that was fetched since. */
  function isServedSince(accounts: readonly Unit[], at: number): boolean {
    return (
      accounts.length > 0 &&
      accounts.every(({ id }) => (reconciler.stateOf(id)?.record.token?.issuedAt ?? 0) > at)
    );
  }

  return {
    listRead: (party) => () => {
      const readAt = clock.now().wall;
      return (accounts) => tell(party, accounts, readAt);
    },
    tick() {
      for (const one of lists()) lookAtEntry(one);
      lookAtNamed();
    },
    async follow(party, subject) {
      const name = `${party} ${subject}`;
      if (followed.has(name)) return;
      followed.add(name);
      const { wall: at, monotonic: since } = clock.now();
      const age = () => clock.now().monotonic - since;
      for (let failures = 0; age() < FOLLOWED && !signal.aborted; ) {
        const usual = age() < CLOSELY ? CLOSE_PAUSE : PAUSE;
        await delay(Math.min(LONGEST_PAUSE, usual * 2 ** failures), undefined, { signal, ref: false }).catch(
          () => {},
        );
        const accounts = accountsOf((via, appId) => via.name === party && appId === subject);
        const [account] = accounts;
        if (signal.aborted || isServedSince(accounts, at)) break;
        failures = account && !(await read(account)) ? failures + 1 : 0;
      }
      followed.delete(name);
    },
  };
}
