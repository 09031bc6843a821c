import { isDeepStrictEqual } from 'node:util';
import { tokenAccount } from '../codec/account.ts';
import type { Config, FetchedConfig, ManyConfig } from '../config/config.ts';
import { accountOfList, createExpander, type Expansion, type Skipped } from '../config/expand.ts';
import { manyKindOf } from '../config/resolve/many.ts';
import { LIST_KIND, type Listing, listedName } from '../core/listing.ts';
import type { Clock, Publisher, Unit } from '../core/ports.ts';
import type { Logger } from '../observability/log/logger.ts';
import type { CallPace } from '../providers/call-pace.ts';
import { bound, createPlatform, createTransport, paced } from '../providers/index.ts';
import type { ListRead, SharedReads } from '../providers/kind.ts';
import { LEFT, SKIPPED } from './skipped.ts';
import type { Stores } from './stores.ts';

/** The unit of a list, with the entry that it belongs to. */
export interface ServedList {
  readonly many: ManyConfig;
  readonly unit: Unit;
  close(): Promise<void>;
}

export interface ManyAccountsOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly sharedReads: SharedReads;
  /** Told of every reading of a third party's list. @param party the AppID of the third party */
  readonly listRead: (party: string) => ListRead;
  /** The pace of the calls for the accounts of a third party. */
  readonly paceOf: (thirdParty: string) => CallPace;
  readonly stores: Pick<Stores, 'open'>;
  /** Called when other accounts are to be served. Resolves when they are. */
  readonly changed: () => Promise<void>;
  /** Called with the name of an account that has cancelled, or come back: its token may have died. */
  readonly turned: (name: string, isBack: boolean) => void;
}

/** The accounts of all entries that stand for many, as their lists tell. */
export interface ManyAccounts {
  /** The lists that a configuration asks for. One that is unchanged keeps its unit from `before`. */
  lists(config: Config, before: readonly ServedList[]): readonly ServedList[];
  /** The accounts that a configuration comes to by the lists that are known, one entry after the other. */
  accounts(config: Config): Promise<Accounts>;
}

export interface Accounts {
  readonly served: readonly FetchedConfig[];
  /** Those of which what was published goes. */
  readonly gone: readonly FetchedConfig[];
}

/** Most accounts that one line of the log names. */
const MOST_NAMED = 10;

export function createManyAccounts(options: ManyAccountsOptions): ManyAccounts {
  const { clock, logger, sharedReads, listRead, paceOf, stores, changed, turned } = options;
  const { expand } = createExpander();
  /** By the accounts of the lists: entries of one third party share a list. */
  const listings = new Map<string, Listing>();
  const told = new Map<string, Telling>();
  let applied = Promise.resolve();

  function take(account: string, listing: Listing): void {
    const before = listings.get(account);
    if (isDeepStrictEqual(before, listing)) return;
    listings.set(account, listing);
    const ids = before ? turnedIn(before, listing) : [];
    applied = changed().then(() => {
      for (const [name, telling] of told) {
        if (telling.account !== account) continue;
        for (const id of ids)
          if (telling.ids.has(id)) turned(listedName(name, id), listing.accounts[id] === 0);
      }
    });
    // It is told when the list is published, which waits for it.
    applied.catch(() => {});
  }

  function join(many: ManyConfig): ServedList {
    const { name, title, platform, via, budget } = many;
    const kind = kindOfMany(many);
    const account = accountOfList(many);
    const pace = tokenAccount(platform.id, kind.via ?? '', via.appId);
    const transport = paced(createTransport(platform), paceOf(pace));
    const source = {
      platform: createPlatform(kind.family, platform.hosts, transport, clock),
      via: { appId: via.appId, sharedReads, listRead: listRead(via.appId) },
    };
    const publisher: Publisher = {
      id: LIST_KIND,
      prepare: async () => [],
      async publish() {
        // What kept the accounts from being served may have passed.
        applied = applied.catch(changed);
        await applied;
        return 'unchanged';
      },
    };
    return {
      many,
      unit: {
        id: `${name}/${LIST_KIND}`,
        ...{ name, kind: LIST_KIND, optional: true, account, base: via.name },
        ...(title !== undefined && { title }),
        pace,
        host: platform.hosts[0] ?? '',
        policy: kind.many.policy({ budget, absence: many.removeAfter }),
        fingerprint: async () => undefined,
        provider: bound(kind.many, source),
        store: stores.open(account, { name, type: many.type, appId: via.appId, kind: LIST_KIND }),
        publishers: [publisher],
        listed: (listing) => take(account, listing),
      },
      close: () => transport.close(),
    };
  }

  function tell(many: ManyConfig, { served, missing, skipped }: Expansion): void {
    const { name } = many;
    const before = told.get(name);
    const now: Telling = {
      account: accountOfList(many),
      ids: new Set(served.map(({ appId }) => appId)),
      missing,
      skipped: new Map(skipped.map(({ id, why }) => [id, why])),
      left: skipped.flatMap(({ left = [] }) => left),
    };
    told.set(name, now);
    if (before && isDeepStrictEqual(before, now)) return;
    const added = [...now.ids].filter((id) => !before?.ids.has(id));
    const removed = [...(before?.ids ?? [])].filter((id) => !now.ids.has(id));
    logger.info('accounts are served as the platform lists them', {
      ...{ credential: name, kind: LIST_KIND, accounts: served.length, missing },
      ...some('added', added),
      ...some('removed', removed),
    });
    const stays = now.left.filter((path) => !before?.left.includes(path));
    if (stays.length > 0)
      logger.warn(LEFT.message.en, {
        ...{ credential: name, ...some('left', stays) },
        ...{ advice: LEFT.advice, meaning: { zh: LEFT.message.zh } },
      });
    for (const [why, { message, advice }] of Object.entries(SKIPPED)) {
      const ids = [...now.skipped].filter(([id, one]) => one === why && before?.skipped.get(id) !== why);
      // It has been said with what is left of them.
      if (ids.length === 0 || (why === 'configured' && stays.length > 0)) continue;
      const fields = {
        credential: name,
        ...some(
          'accounts',
          ids.map(([id]) => id),
        ),
        advice,
        meaning: { zh: message.zh },
      };
      if (why === 'configured') logger.info(message.en, fields);
      else logger.warn(message.en, fields);
    }
  }

  return {
    lists({ many = [] }, before) {
      return many.map((one) => {
        const known = before.find(({ many: { name } }) => name === one.name);
        return known && isDeepStrictEqual(known.many, one) ? known : join(one);
      });
    },
    async accounts(config) {
      const served: FetchedConfig[] = [];
      const gone: FetchedConfig[] = [];
      for (const many of config.many ?? []) {
        const listing = listings.get(accountOfList(many));
        if (!listing) continue;
        const expansion = await expand(
          { ...config, credentials: [...config.credentials, ...served] },
          many,
          listing,
        );
        tell(many, expansion);
        served.push(...expansion.served);
        gone.push(...expansion.gone);
      }
      return { served, gone };
    },
  };
}

/** The accounts that were listed before and are not now, and those that were missing and are listed again. */
function turnedIn(before: Listing, { accounts }: Listing): readonly string[] {
  return Object.entries(before.accounts).flatMap(([id, since]) =>
    since > 0 !== (accounts[id] ?? since) > 0 ? [id] : [],
  );
}

/** What the log has told of an entry. */
interface Telling {
  /** Of the list. */
  readonly account: string;
  readonly ids: ReadonlySet<string>;
  readonly missing: number;
  readonly skipped: ReadonlyMap<string, Skipped>;
  /** Files of accounts that have an entry of their own. */
  readonly left: readonly string[];
}

function some(field: string, ids: readonly string[]): Readonly<Record<string, readonly string[]>> {
  if (ids.length === 0) return {};
  const rest = ids.length - MOST_NAMED;
  return { [field]: rest > 0 ? [...ids.slice(0, MOST_NAMED), `and ${rest} more`] : ids };
}

function kindOfMany(many: ManyConfig) {
  const kind = manyKindOf(many);
  if (!kind) throw new TypeError(`there is no type of many credentials called ${many.type}`);
  return kind;
}
