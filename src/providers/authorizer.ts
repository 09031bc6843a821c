import { type Fetched, isPlausible } from '../core/credential.ts';
import { UNAUTHORISED } from '../core/errcodes/rule.ts';
import { EdgeError, failureOf } from '../core/failure.ts';
import type { Grant } from '../core/record.ts';
import { Secret } from '../core/secret.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import { without } from '../core/without.ts';
import { fieldsOf, type ListCall, type Listed, readAccounts } from './authorizer-list.ts';
import { authorizers } from './authorizers.ts';
import { APP_ID, credentialKind, type Lookup, type Source } from './kind.ts';
import { OFFICIAL } from './official.ts';
import { fetched, type PlatformAnswer, probeToken } from './platform.ts';
import { type CodeCall, isUsedUp, queryAuth } from './query-auth.ts';
import { needed } from './third-party.ts';

/** How long before its end a token is replaced, ms; hundreds of them are spread over the first half of that. */
const AHEAD = 10 * MINUTE;

/** The refresh token is not the one that the platform has for the account. */
const INVALID_REFRESH_TOKEN = 61023;

/** The account has not authorised the platform, or no longer. */
const NOT_AUTHORISED = 61003;

/** A list that another account asked for so long ago, ms, will do for one that has just come. */
const FRESH_ENOUGH = MINUTE;

/** Accounts that wait for the list to change share a reading of it that is no older than this, ms. */
const TOGETHER = SECOND;

/**
 * The token of an account that has authorised a third-party platform. Its refresh token is not configured: the platform
 * lists it. It stays the same from refresh to refresh, and another authorisation changes it and ends the token at once;
 * so a refused one is looked for in the list, once. See docs/wechat-facts.md, Third parties.
 */
export const authorizer = credentialKind({
  ...OFFICIAL,
  type: 'authorizer',
  summary: 'an account that has authorised the component that via names, and needs no secret of its own',
  family: 'open-platform',
  id: APP_ID,
  perSecret: false,
  secretless: true,
  via: 'component',
  many: authorizers,
  options: {},
  timing: {
    none: {
      en: 'an authorizer is replaced in the last 10 min before its end',
      zh: 'authorizer 在过期前最后 10 分钟里更换',
    },
  },
  policy: (_options, { budget }) => ({
    destructive: true,
    window: AHEAD,
    needsToken: true,
    windowShrinks: true,
    spread: 5 * MINUTE,
    spreadShare: 0.5,
    overlap: 5 * MINUTE,
    budget,
    manual: 'ordinary',
    refusalForces: false,
  }),
  calls: {
    async fetch(source, { token, grant, code, signal, permit }) {
      const call = callOf(source, { token, signal, permit });
      const exchanged = code && (await exchange({ ...call, code }));
      try {
        const answer = exchanged ?? (await byRefreshToken(source, call, grant));
        lookupOf(source).isKnownGone = false;
        return answer;
      } catch (error) {
        throw code ? withSpentCode(error) : error;
      }
    },
    async readGrants(source, { token, signal }) {
      await readAccounts(partyOf(source), TOGETHER, callOf(source, { token, signal, permit: undefined }));
    },
    probe: ({ platform }, token, signal) => probeToken('official', platform, token, signal),
  },
});

function lookupOf(source: Source): Lookup {
  const party = partyOf(source);
  party.lookup ??= { isLookedUp: false, isKnownGone: false };
  return party.lookup;
}

function partyOf({ via }: Source): NonNullable<Source['via']> {
  if (!via) throw new TypeError('an authorizer is fetched through a component');
  return via;
}

function callOf(source: Source, request: Pick<Call, 'token' | 'signal' | 'permit'>): Call {
  return { ...request, platform: source.platform, component: partyOf(source).appId, account: source.appId };
}

async function list(source: Source, call: Call): Promise<Listed | undefined> {
  const lookup = lookupOf(source);
  let isOwn = false;
  const look = async (atMostOld: number) => {
    const { accounts } = await readAccounts(partyOf(source), atMostOld, call, () => {
      isOwn = true;
    });
    return accounts.get(source.appId);
  };
  const listed = await look(lookup.isLookedUp ? 0 : FRESH_ENOUGH);
  lookup.isLookedUp = true;
  // The account may have authorised since somebody else had the list read, and a no would count for ten minutes.
  return listed?.grant || isOwn ? listed : look(0);
}

/**
 * Whether the list lacks the account as well. Where it has it, or cannot be read, a no of the platform may be a mistake, and
 * nobody is to be told that a token is dead which works.
 */
async function isGone(source: Source, call: Call): Promise<boolean> {
  const lookup = lookupOf(source);
  if (lookup.isKnownGone) return true;
  lookup.isLookedUp = true;
  lookup.isKnownGone = await list(source, call).then(
    (listed) => listed === undefined,
    () => false,
  );
  return lookup.isKnownGone;
}

/** Fetches by the refresh token that is known, and by that of the list where it is missing or refused. */
async function byRefreshToken(source: Source, call: Call, grant: Grant | undefined): Promise<Fetched> {
  const found = grant ? { grant } : await list(source, call);
  if (!found?.grant) throw missing(found !== undefined);
  try {
    return await refresh(call, found.grant);
  } catch (error) {
    const failure = failureOf(error, 'unknown');
    if (failure.errcode === NOT_AUTHORISED && !(await isGone(source, call)))
      throw new EdgeError(without(failure, 'endsAuthorisation'), { cause: error });
    if (failure.errcode !== INVALID_REFRESH_TOKEN) throw error;
    lookupOf(source).isLookedUp = true;
    const listed = (await list(source, call))?.grant;
    // The list has no other one, so the account has to authorise the platform again.
    if (!listed || listed.refreshToken.equals(found.grant.refreshToken)) throw error;
    return await refresh(call, listed);
  }
}

/**
 * Fetches the token that comes with an authorisation. Only a fetch may do that: the code makes a token, and of two that are
 * made at one time the other one would be dead in five minutes.
 * @returns undefined where the code brings none: the account's refresh token is in the list, if anybody has exchanged it
 */
async function exchange(call: CodeCall): Promise<Fetched | undefined> {
  let answer: PlatformAnswer;
  try {
    answer = await queryAuth(call);
  } catch (error) {
    if (isUsedUp(error)) return undefined;
    throw error;
  }
  const { authorization_info: info } = fieldsOf(answer.body);
  const { authorizer_refresh_token: refreshToken, authorizer_access_token: token } = fieldsOf(info);
  // An account without any right of an API gets none.
  if (token === undefined || token === '') return undefined;
  return {
    ...fetched({ ...answer, body: info }, 'authorizer_access_token'),
    ...(isPlausible(refreshToken) && { grant: { refreshToken: new Secret(refreshToken) } }),
  };
}

/** What failed after the code brought nothing: nobody need send it again. */
function withSpentCode(error: unknown): EdgeError {
  return new EdgeError({ ...failureOf(error, 'unknown'), spendsCode: true }, { cause: error });
}

/** A call about one account, with the token of the third party. */
interface Call extends ListCall {
  readonly account: string;
}

/** Fetches the next token with this refresh token, which comes back in the answer and is kept from there. */
async function refresh(
  { platform, component, account, token, signal, permit }: Call,
  grant: Grant,
): Promise<Fetched> {
  const answer = await platform.call({
    method: 'POST',
    path: '/cgi-bin/component/api_authorizer_token',
    endpoint: 'authorizer-token',
    query: { component_access_token: needed(token) },
    body: {
      component_appid: component,
      authorizer_appid: account,
      authorizer_refresh_token: grant.refreshToken.reveal(),
    },
    repeatable: false,
    signal,
    permit,
  });
  return { ...fetched(answer, 'authorizer_access_token'), grant: echoed(answer, grant) };
}

/** The refresh token of an answer. One that is missing or empty, or that cannot be one, leaves what is known. */
function echoed({ body }: PlatformAnswer, known: Grant): Grant {
  const { authorizer_refresh_token: echo } = fieldsOf(body);
  return isPlausible(echo) ? { ...known, refreshToken: new Secret(echo) } : known;
}

/** Why there is no refresh token: the account is not listed, or nobody has ever exchanged its authorisation code. */
function missing(isListed: boolean): EdgeError {
  return new EdgeError({
    class: 'refused',
    code: isListed ? 'no-refresh-token' : 'not-authorised',
    lacksGrant: true,
    message: isListed
      ? {
          en: 'the platform lists the account without a refresh token: nobody has exchanged its authorisation code (api_query_auth)',
          zh: '平台的列表里有这个账号，但没有 refresh token：还没有人用过它的授权码（api_query_auth）',
        }
      : {
          en: 'the account is not among those that have authorised the third-party platform (api_get_authorizer_list)',
          zh: '这个账号不在已授权给该第三方平台的账号之中（api_get_authorizer_list）',
        },
    advice: isListed
      ? {
          en:
            "Exchange the code that comes with an authorisation within its 10 minutes, or have the account's admin change the " +
            'permission sets once (更新授权): after that the platform lists the refresh token.',
          zh: '在授权码的 10 分钟有效期内使用它，或者请账号的管理员更新一次授权（更改权限集）：之后平台就会列出 refresh token。',
        }
      : {
          en: "Have the account's admin authorise the platform, and compare appId and via with what is meant.",
          zh: '请账号的管理员授权给该平台，并核对 appId 和 via 是否写对。',
        },
    effect: 'none',
    backoff: UNAUTHORISED.backoff,
    // One that is listed has authorised.
    ...(!isListed && { endsAuthorisation: true }),
  });
}
