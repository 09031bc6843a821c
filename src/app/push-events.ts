import { setTimeout as delay } from 'node:timers/promises';
import { sha256 } from '../codec/encoding.ts';
import { type CredentialConfig, isFetched } from '../config/config.ts';
import type { Report } from '../core/events/report.ts';
import type { Clock } from '../core/ports.ts';
import { OLDEST_PUSH } from '../core/pushed-code.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import type { Reporter } from '../loop/cell.ts';
import type { Reconciler } from '../loop/reconciler.ts';
import type { PushEvent } from '../push/channel.ts';
import { createDoubt } from './doubt.ts';
import type { ListSigns } from './list-signs.ts';

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
  readonly reconciler: Pick<Reconciler, 'stateOf' | 'doubt' | 'refreshNow'>;
  readonly credentials: () => readonly CredentialConfig[];
  /** The lists of accounts by which entries are served; absent: there are none. */
  readonly lists?: () => readonly AccountsList[];
  readonly follow: ListSigns['follow'];
  /** Ends what is waited for. */
  readonly signal: AbortSignal;
}

/** How soon to look again whether a reading of a list has ended, ms. */
const AGAIN = 0.1 * SECOND;

/** What acts on events of the receiver. */
export interface PushEvents {
  /**
   * Something has been authorised or cancelled. The event is a hint: what is true, the platform is asked.
   * @param isKept whether a code that it brings is kept and exchanged here, and not by an app
   */
  happened(name: string, event: PushEvent, isKept: boolean): Promise<void>;
  /** The lists of a third party may have changed. @param name of the third party */
  relist(name: string): Promise<void>;
  /** Has accounts fetched once more whose codes apps may have used meanwhile. To be called at every tick. */
  tick(): void;
  /** To be told what happened to a unit. */
  readonly report: Reporter;
}

interface ExchangedElsewhere {
  /** Name of the third party. */
  readonly party: string;
  /** AppID of the account. */
  readonly subject: string;
  /** Monotonic ms. */
  readonly moments: readonly number[];
}

/**
 * How long an account is remembered as authorised, ms: a fetch that was under way meanwhile has an outcome by then, here or
 * at another daemon.
 */
const OUTCOMES = 2 * MINUTE;

/** Most events that are remembered: of thousands of accounts some authorise in the same minutes. */
const MOST_SEEN = 10_000;

/**
 * When an account is fetched once more whose code an app uses, ms after the push. The code works for ten minutes, and the token that
 * another one replaces for five: so whenever the app uses the code, what is published works until the next of these.
 */
const ONCE_MORE = [4.5 * MINUTE, 9.5 * MINUTE];

export function createPushEvents(options: PushEventsOptions): PushEvents {
  const { clock, reconciler, credentials, lists = () => [], follow, signal } = options;
  const doubt = createDoubt(options);
  /** When units learnt of an authorisation last, epoch ms. */
  const authorised = new Map<string, number>();
  /** Marks of events, and when they came, epoch ms. */
  const seen = new Map<string, number>();
  /** Accounts whose code an app is about to use, and when they are to be fetched once more, monotonic ms. */
  const exchangedElsewhere = new Map<string, ExchangedElsewhere>();
  /** The lists that are to be read again once what is under way for them has ended. */
  const waiting = new Set<string>();

  function accountsOf(party: string, subject: string | undefined): readonly string[] {
    return credentials().flatMap((one) =>
      isFetched(one) && one.via?.name === party && one.appId === subject ? [one.name] : [],
    );
  }

  /** Whether the platform has pushed it before: it repeats what it thinks was not taken, and anybody may who has recorded it. */
  function isRepeated(name: string, { infoType, subject, createdAt, code }: PushEvent): boolean {
    const { wall } = clock.now();
    for (const [key, at] of seen) if (Math.abs(wall - at) >= OLDEST_PUSH) seen.delete(key);
    const key = sha256(JSON.stringify([name, infoType, subject, createdAt, code]));
    const isKnown = seen.has(key);
    if (seen.size < MOST_SEEN) seen.set(key, wall);
    return isKnown;
  }

  /** Lets the accounts be asked for that an event is about. */
  function hint(name: string, subject: string | undefined, isBack: boolean): void {
    for (const account of accountsOf(name, subject)) {
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
    async happened(name, event, isKept) {
      if (isRepeated(name, event)) return;
      const { code, subject, createdAt } = event;
      const isTimely = code !== undefined && clock.now().wall - createdAt < OLDEST_PUSH;
      // What cancels comes without a code. A code that is kept is exchanged by whoever takes it up.
      if (!(isKept && isTimely)) hint(name, subject, code !== undefined);
      await relist(name);
      if (isKept || !isTimely || subject === undefined) return;
      const { monotonic } = clock.now();
      const moments = ONCE_MORE.map((ms) => monotonic + ms);
      exchangedElsewhere.set(`${name} ${subject}`, { party: name, subject, moments });
      await follow(name, subject);
    },
    relist,
    tick() {
      const { monotonic } = clock.now();
      for (const [key, { party, subject, moments }] of exchangedElsewhere) {
        const left = moments.filter((at) => at > monotonic);
        if (left.length === moments.length) continue;
        const names = accountsOf(party, subject);
        if (names.length > 0) reconciler.refreshNow({ names, strength: 'ordinary' });
        if (left.length > 0) exchangedElsewhere.set(key, { party, subject, moments: left });
        else exchangedElsewhere.delete(key);
      }
    },
    // An exchange that an app makes, or that of an account that was not served yet, makes a token, which replaces that of a
    // fetch under way. So what such a fetch brings is doubted as well.
    report(unit, { type }) {
      const at = unit && authorised.get(unit.id);
      if (at === undefined || !BRINGS.has(type)) return;
      const token = reconciler.stateOf(unit?.id ?? '')?.record.token;
      const isOver = clock.now().wall - at >= OUTCOMES || (token && token.issuedAt > at);
      if (isOver) authorised.delete(unit?.id ?? '');
      else if (token) reconciler.doubt((value) => value.equals(token.value), 'hint');
    },
  };
}

/** Reports of a token that another one may have replaced by now. */
const BRINGS: ReadonlySet<Report['type']> = new Set(['refreshed', 'unchanged', 'adopted', 'found']);
