import type { FetchedConfig, ManyConfig } from '../../config/config.ts';
import { accountOfList } from '../../config/expand.ts';
import { manyKindOf } from '../../config/resolve/many.ts';
import { fetchHold } from '../../core/budget.ts';
import { failureOf } from '../../core/failure.ts';
import { LIST_KIND, type Listed, type Listing } from '../../core/listing.ts';
import type { Clock } from '../../core/ports.ts';
import { bound, createSharedReads } from '../../providers/index.ts';
import { liveTokenOf, type PlatformProbe, recordedPlatform, type Stored } from './probe-platform.ts';

/** Why the platform was not asked for its list. */
export type Unasked = 'no-party' | 'no-budget';

/** What was found out about the list of an entry. */
export interface ListProbe {
  /** What a daemon has written down of the list; absent: none has read it. */
  readonly known?: Listing;
  /** The requests and the answer; absent where the platform was not asked. */
  readonly asked?: PlatformProbe;
  readonly unasked?: Unasked;
  /** What the platform lists now, and when it said so, epoch ms. */
  readonly now?: Listed & { readonly at: number };
}

/**
 * Asks the platform for the list of its accounts, with the token of the third party that the daemon keeps: reading the list
 * changes nothing. Without such a token nothing is asked, since fetching one would end the one that is in use.
 * @param party the third party that the entry names
 * @param signal ends the requests; its reason says why
 * @returns never rejects because of a failed request
 */
export async function probeList(
  many: ManyConfig,
  party: FetchedConfig | undefined,
  stored: Pick<Stored, 'open'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<ListProbe> {
  const { name, via, platform, budget } = many;
  const kind = manyKindOf(many);
  if (!kind) throw new TypeError(`there is no type of many credentials called ${many.type}`);
  const record = await stored
    .open(accountOfList(many), name, LIST_KIND)
    .read()
    .catch(() => undefined);
  const known = record?.listing && { known: record.listing };
  const token = party && (await liveTokenOf(party, stored, clock).catch(() => undefined));
  if (!token) return { ...known, unasked: 'no-party' };
  const time = { at: clock.now().wall, certain: false };
  if (record && fetchHold(record.ledger, budget.fetchesPerDay, time) > 0)
    return { ...known, unasked: 'no-budget' };
  const { attempts, edge, close } = recordedPlatform(platform, kind.family, clock);
  const provider = bound(kind.many, {
    platform: edge,
    via: { appId: via.appId, sharedReads: createSharedReads(clock) },
  });
  try {
    const { listed, platformDate } = await provider.fetch({ forced: false, token, signal });
    if (!listed) throw new TypeError('a list carries accounts');
    const at = platformDate ?? clock.now().wall;
    return { ...known, asked: { attempts, outcome: { kind: 'listed' } }, now: { ...listed, at } };
  } catch (error) {
    const failure = failureOf(error, 'none');
    return { ...known, asked: { attempts, outcome: { kind: 'failed', failure } } };
  } finally {
    await close();
  }
}
