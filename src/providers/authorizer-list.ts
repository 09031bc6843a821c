/** The list of the accounts that have authorised a third party of the Open Platform. */
import { isPlausible, type Token } from '../core/credential.ts';
import { EdgeError } from '../core/failure.ts';
import type { FetchRequest } from '../core/ports.ts';
import type { Grant } from '../core/record.ts';
import { Secret } from '../core/secret.ts';
import { SECOND } from '../core/time.ts';
import type { Source } from './kind.ts';
import type { Platform } from './platform.ts';
import { needed } from './third-party.ts';

/** Accounts on one page of the list, the most that the platform gives. */
const PAGE = 500;

/** Pages that are read at most: more accounts than any third party has. */
const MOST_PAGES = 200;

/** How often the list is read anew when accounts come and go while it is read. */
const MOST_READINGS = 3;

/** A call with the token of the third party. */
export interface ListCall extends Pick<FetchRequest, 'signal'> {
  readonly permit: FetchRequest['permit'] | undefined;
  readonly platform: Platform;
  readonly component: string;
  readonly token: Token | undefined;
}

/**
 * Reads the list for all who want it at one moment, and tells whoever wants to know of every reading.
 * @param atMostOld how old a reading that somebody else began may be, ms
 * @param began called where this reading is one that begins now
 * @throws {EdgeError} as {@link readList}
 */
export function readAccounts(
  { appId, sharedReads, listRead }: Pick<NonNullable<Source['via']>, 'appId' | 'sharedReads' | 'listRead'>,
  atMostOld: number,
  call: ListCall,
  began: () => void = () => {},
): Promise<AccountList> {
  return sharedReads(`accounts of ${appId}`, atMostOld, async () => {
    began();
    const tell = listRead?.();
    const list = await readList(call);
    tell?.(list.accounts);
    return list;
  });
}

/** An account as the platform lists it. */
export interface Listed {
  readonly grant?: Grant;
}

/** The accounts that have authorised a third party, by their AppIDs. */
type Accounts = ReadonlyMap<string, Listed>;

/** What came of reading the list. */
export interface AccountList {
  readonly accounts: Accounts;
  /**
   * Whether the last reading met as many accounts as the platform counts, and as many at its end as at its beginning.
   * Otherwise an account that is missing may be there all the same.
   */
  readonly isComplete: boolean;
  /** The platform's own `Date`, epoch ms, where an answer carried one. */
  readonly platformDate?: number;
}

/**
 * Reads the whole list. It may change while it is read page by page; then an account that is missing may have moved to a
 * page that was read before, so the list is read again.
 * @throws {EdgeError} with an effect that is not `unknown`: reading the list changes nothing
 */
async function readList(call: ListCall): Promise<AccountList> {
  const all = new Map<string, Listed>();
  for (let reading = 1; ; reading += 1) {
    const { accounts, hasChanged, ...said } = await readOnce(call);
    for (const [account, listed] of accounts) all.set(account, listed);
    if (!hasChanged) return { ...said, accounts };
    // Those that any reading met are there, or were a moment ago.
    if (reading >= MOST_READINGS) return { ...said, accounts: all, isComplete: false };
  }
}

async function readOnce(call: ListCall): Promise<AccountList & { readonly hasChanged: boolean }> {
  const accounts = new Map<string, Listed>();
  let first: number | undefined;
  let hasChanged = false;
  let date: number | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const found = await readPage(call, page * PAGE);
    for (const [account, listed] of found.accounts) accounts.set(account, listed);
    first ??= found.total;
    hasChanged ||= found.total !== first;
    date = found.platformDate ?? date;
    if (found.size === 0 || found.total === undefined || (page + 1) * PAGE >= found.total) break;
  }
  const isComplete = !hasChanged && accounts.size === first;
  return { accounts, hasChanged, isComplete, ...(date !== undefined && { platformDate: date }) };
}

interface Page {
  /** How many accounts the platform counts; undefined where it does not say. */
  readonly total: number | undefined;
  readonly size: number;
  readonly accounts: Accounts;
  readonly platformDate?: number;
}

async function readPage(
  { platform, component, token, signal, permit }: ListCall,
  offset: number,
): Promise<Page> {
  const { body, ...date } = await harmlessly(() =>
    platform.call({
      method: 'POST',
      path: '/cgi-bin/component/api_get_authorizer_list',
      endpoint: 'authorizer-list',
      query: { component_access_token: needed(token) },
      body: { component_appid: component, offset, count: PAGE },
      repeatable: true,
      signal,
      permit,
      largest: LARGEST_PAGE,
    }),
  );
  const { total_count: total, list } = fieldsOf(body);
  const rows = Array.isArray(list) ? list.map(fieldsOf) : [];
  const accounts = rows.flatMap((row): [string, Listed][] => {
    const { authorizer_appid: account } = row;
    return typeof account === 'string' ? [[account, listedIn(row)]] : [];
  });
  return {
    total: typeof total === 'number' ? total : undefined,
    size: rows.length,
    accounts: new Map(accounts),
    ...date,
  };
}

/** Bytes of a page: 500 accounts with refresh tokens of the greatest length that is reserved for them. */
const LARGEST_PAGE = 1024 * 1024;

/** The list calls the refresh token by another name than every other call. */
function listedIn({ refresh_token: value, auth_time: at }: Fields): Listed {
  if (!isPlausible(value)) return {};
  const isTime = typeof at === 'number' && at > 0 && at < 1e11;
  return { grant: { refreshToken: new Secret(value), ...(isTime && { authorisedAt: at * SECOND }) } };
}

type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** A call that changes nothing on the platform's side, whatever becomes of its answer. */
async function harmlessly<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EdgeError) || error.failure.effect !== 'unknown') throw error;
    throw new EdgeError({ ...error.failure, effect: 'none' }, { cause: error });
  }
}
