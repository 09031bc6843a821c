import { tokenAccount } from '../codec/account.ts';
import { type Listing, type ListStanding, listedName, listStanding } from '../core/listing.ts';
import { kindOf } from '../providers/kinds.ts';
import type { TargetConfig } from '../publishers/kind.ts';
import { placesOf } from '../publishers/kinds.ts';
import type { RedisConfig } from '../redis/connection-types.ts';
import { lstat } from '../system/fs/files.ts';
import {
  type Config,
  type CredentialConfig,
  type FetchedConfig,
  isFetched,
  type ManyConfig,
} from './config.ts';
import { manyKindOf, targetFor } from './resolve/many.ts';
import { memoized } from './resolve/memoize.ts';
import { groupId, resolveTargets } from './resolve/targets.ts';

/** Names the list of a third party, which all daemons share. */
export function accountOfList({
  type,
  platform,
  via,
}: Pick<ManyConfig, 'type' | 'platform' | 'via'>): string {
  return tokenAccount(platform.id, type, via.appId);
}

/** The accounts of one entry, by its list. */
export interface Expansion {
  /** Those that are served, in the order of their ids. */
  readonly served: readonly FetchedConfig[];
  /** Those that the platform has not listed for so long that what was published for them goes. */
  readonly gone: readonly FetchedConfig[];
  /** How many of those that are served the last whole list lacked. */
  readonly missing: number;
  /** Those that are listed and not served, and why. */
  readonly skipped: readonly SkippedAccount[];
}

/** A listed account that its entry does not serve. */
export interface SkippedAccount {
  readonly id: string;
  readonly why: Skipped;
  /** Files that lie where the entry would publish for it, and that nothing refreshes: they are of a time when it did. */
  readonly left?: readonly string[];
}

/**
 * Why a listed account is not served: the configuration names it already (`configured`), something else is published
 * where it would be (`taken`), its targets cannot work (`unusable`), or there are too many (`limit`).
 */
export type Skipped = 'configured' | 'taken' | 'unusable' | 'limit';

/** Makes the credentials of accounts. One that was made before for the same entry is the same object. */
export interface Expander {
  expand(
    config: Pick<Config, 'credentials' | 'redis'>,
    many: ManyConfig,
    listing: Listing,
  ): Promise<Expansion>;
  /** The credential of one account, whether it is listed or not; undefined if its targets cannot work. */
  one(many: ManyConfig, id: string, redis: readonly RedisConfig[]): Promise<FetchedConfig | undefined>;
}

export function createExpander(): Expander {
  const made = new WeakMap<ManyConfig, Map<string, Promise<FetchedConfig | undefined>>>();
  const group = memoized(groupId);

  async function make(
    many: ManyConfig,
    id: string,
    redis: readonly RedisConfig[],
  ): Promise<FetchedConfig | undefined> {
    const {
      name: entry,
      type,
      title,
      atMost: _limit,
      removeAfter: _time,
      publish: targets,
      ...shared
    } = many;
    const kind = manyKindOf({ type });
    if (!kind) throw new TypeError(`there is no type of many credentials called ${type}`);
    const name = listedName(entry, id);
    let isUsable = true;
    const complain = () => {
      isUsable = false;
    };
    const owner = { name, appId: id, idKey: kind.id.key, family: kind.family };
    const publish = await resolveTargets(
      { name, publish: targets.map((target) => targetFor(target, id, name)), tickets: [...many.tickets] },
      [],
      { redis, declared: [], isListed: true, owner },
      { complain, isWrong: () => false, groupId: group },
    );
    if (!isUsable) return undefined;
    return {
      ...shared,
      ...{ name, type: kind.type, appId: id, secret: { none: true }, optional: true, listedBy: entry },
      ...(title !== undefined && { title }),
      publish: publish.map(({ target }) => target),
    };
  }

  function one(many: ManyConfig, id: string, redis: readonly RedisConfig[]) {
    const known = made.get(many) ?? new Map<string, Promise<FetchedConfig | undefined>>();
    made.set(many, known);
    const credential = known.get(id) ?? make(many, id, redis);
    known.set(id, credential);
    return credential;
  }

  return {
    one,
    async expand({ credentials, redis = [] }, many, listing) {
      const places = placesOfAll(credentials);
      const named = accountsOf(credentials, many);
      const [served, gone, skipped]: [FetchedConfig[], FetchedConfig[], SkippedAccount[]] = [[], [], []];
      let missing = 0;
      for (const [id, standing] of standings(listing, many)) {
        if (named.has(id)) {
          if (standing === 'gone') continue;
          const left = await filesLeft(await one(many, id, redis), places);
          skipped.push({ id, why: 'configured', ...(left.length > 0 && { left }) });
          continue;
        }
        const credential = await one(many, id, redis);
        const isTaken = credential && places.meets(credential.publish);
        if (standing === 'gone') {
          if (credential && !isTaken) gone.push(credential);
        } else if (!credential || isTaken) skipped.push({ id, why: credential ? 'taken' : 'unusable' });
        else if (served.length >= many.atMost) skipped.push({ id, why: 'limit' });
        else {
          served.push(credential);
          if (standing === 'missing') missing += 1;
        }
      }
      return { served: served.toSorted(byName), gone, missing, skipped };
    },
  };
}

function byName(a: FetchedConfig, b: FetchedConfig): number {
  return a.name < b.name ? -1 : 1;
}

/**
 * How the accounts of a list stand, in the order in which they came. Where there is a limit those that are served go on:
 * also one that is missing, which a single wrong list would otherwise cost its place.
 */
function standings(
  listing: Listing,
  { removeAfter }: ManyConfig,
): readonly (readonly [string, ListStanding])[] {
  return Object.keys(listing.accounts).map(
    (id) => [id, listStanding(listing, id, removeAfter) ?? 'gone'] as const,
  );
}

/** The accounts that the configuration names, as the entry would serve them. */
function accountsOf(
  credentials: readonly CredentialConfig[],
  { type, via, platform }: ManyConfig,
): ReadonlySet<string> {
  const kind = manyKindOf({ type });
  return new Set(
    credentials.flatMap((one) =>
      isFetched(one) &&
      one.type === kind?.type &&
      one.via?.appId === via.appId &&
      one.platform.id === platform.id &&
      kindOf(one.type).via !== undefined
        ? [one.appId]
        : [],
    ),
  );
}

function placesOfAll(credentials: readonly CredentialConfig[]) {
  const taken = new Set(credentials.flatMap(({ publish }) => wordsOf(publish)));
  return {
    has: (words: string) => taken.has(words),
    meets: (publish: readonly TargetConfig[]) => wordsOf(publish).some((words) => taken.has(words)),
  };
}

/** The files of an account that lie there, and that no credential publishes. */
async function filesLeft(
  credential: FetchedConfig | undefined,
  { has }: Pick<ReturnType<typeof placesOfAll>, 'has'>,
): Promise<readonly string[]> {
  const files = (credential?.publish ?? []).flatMap((target) =>
    placesOf(target).flatMap(({ file, words }) => (file && !has(words.en) ? [file.path] : [])),
  );
  const found = await Promise.all(
    files.map((path) =>
      lstat(path).then(
        () => [path],
        () => [],
      ),
    ),
  );
  return found.flat();
}

function wordsOf(publish: readonly TargetConfig[]): string[] {
  return publish.flatMap((target) => placesOf(target).map(({ words }) => words.en));
}
