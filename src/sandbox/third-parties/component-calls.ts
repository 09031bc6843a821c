import { MINUTE } from '../../core/time.ts';
import { replaceToken } from '../classic.ts';
import { chinaDay, chinaMonth, countIn, UNUSED, usedIn } from '../counter.ts';
import {
  bodyParametersOf,
  isRefusal,
  type PlatformRequest,
  type Refusal,
  refuse,
  text,
} from '../protocol.ts';
import { isLive, newToken, secondsLeft, type Token } from '../tokens.ts';
import type { Call, World } from '../world.ts';
import { type Authorizer, admitsCaller, authorizerKey, type Component } from './component.ts';
import { TICKET_LIFE, verdictOnTicket } from './pushed-ticket.ts';

type Parameters = Readonly<Record<string, unknown>>;

/** Clearings of the allowance a month, shared by all that `clear_quota/v2` may clear. */
const CLEARINGS_PER_MONTH = 10;

/** Most entries of a page of `api_get_authorizer_list`. */
const PAGE = 500;

/** How long a refresh token works on after another one has replaced it. */
const REFRESH_TOKEN_OVERLAP = 5 * MINUTE;

/** `api_component_token`. A ticket is not used up, and an empty one is refused like a wrong one. */
export const fetchComponentToken: Call = (world, request, now) => {
  const found = authenticate(world, request, 'component_appsecret');
  if (isRefusal(found)) return found;
  const { component, parameters } = found;
  const ticket = text(parameters['component_verify_ticket']);
  const verdict = verdictOnTicket(component.tickets, ticket, now, TICKET_LIFE.component);
  if (verdict !== 'live') return refuse('official', verdict === 'expired' ? 61005 : 61006);
  const day = chinaDay(now);
  if (usedIn(component.fetches, day) >= component.dailyQuota) return refuse('official', 45009);

  const { tokenTtl, overlap } = world.rules;
  const token = newToken(world.mint.token(), now, tokenTtl);
  world.thirdParties.components.set(component.appId, {
    ...component,
    fetches: countIn(component.fetches, day),
    pair: replaceToken(component.pair, token, now, overlap),
  });
  world.issued.add(token.value, { kind: 'component', appId: component.appId, endsAt: token.endsAt }, now);
  const body = { component_access_token: token.value, expires_in: secondsLeft(token, now) };
  return { body, token: token.value };
};

/** `api_start_push_ticket`: starts the pushes if they have stopped. The next push comes with the next round. */
export const startPushingTickets: Call = (world, request) => {
  const found = authenticate(world, request, 'component_secret');
  if (isRefusal(found)) return found;
  const { component } = found;
  world.thirdParties.components.set(component.appId, { ...component, isPushing: true });
  return { body: { errcode: 0, errmsg: component.isPushing ? 'in a normal state' : 'ok' } };
};

/** `component/clear_quota/v2`, which needs no token. */
export const clearComponentQuota: Call = (world, request, now) => {
  const found = authenticate(world, request, 'appsecret');
  if (isRefusal(found)) return found;
  const { component } = found;
  const month = chinaMonth(now);
  if (usedIn(component.clearings, month) >= CLEARINGS_PER_MONTH) return refuse('official', 48006);
  const { components } = world.thirdParties;
  const clearings = countIn(component.clearings, month);
  components.set(component.appId, { ...component, clearings, fetches: UNUSED });
  return { body: { errcode: 0, errmsg: 'ok' } };
};

/** `api_query_auth`: exchanges an authorisation code, once. */
export const exchangeAuthorizationCode: Call = (world, request, now) => {
  const found = authorizeComponent(world, request, now);
  if (isRefusal(found)) return found;
  const { component, parameters } = found;
  const { authorizationCodes, authorizers } = world.thirdParties;
  const value = text(parameters['authorization_code']) ?? '';
  const code = authorizationCodes.get(value);
  const authorizer = authorizers.get(code?.authorizer ?? '');
  if (!code || authorizer?.componentAppId !== component.appId) return refuse('official', 61009);
  if (code.isUsed || now >= code.endsAt) return refuse('official', 61010);
  authorizationCodes.set(value, { ...code, isUsed: true });
  if (authorizer.isRevoked) return refuse('official', 61003);
  const { authorizer: next, token } = issueToken(world, { ...authorizer, isExchanged: true }, now);
  authorizers.set(code.authorizer, next);
  const body = {
    authorization_info: {
      authorizer_appid: next.appId,
      authorizer_access_token: token.value,
      expires_in: secondsLeft(token, now),
      authorizer_refresh_token: next.refreshToken,
      func_info: FUNCTIONS,
    },
  };
  return { body, token: token.value };
};

/** `api_authorizer_token`. */
export const fetchAuthorizerToken: Call = (world, request, now) => {
  const found = authorizeComponent(world, request, now);
  if (isRefusal(found)) return found;
  const { component, parameters } = found;
  const authorizer = authorizerOf(world, component, parameters);
  if (isRefusal(authorizer)) return authorizer;
  if (!knowsRefreshToken(authorizer, text(parameters['authorizer_refresh_token']), now)) {
    return refuse('official', 61023);
  }
  if (authorizer.isLimited) return refuse('official', 50002);
  const day = chinaDay(now);
  if (usedIn(authorizer.fetches, day) >= authorizer.dailyQuota) return refuse('official', 45009);

  const counted = { ...authorizer, fetches: countIn(authorizer.fetches, day) };
  const echoed = component.echo === 'rotated' ? rotateRefreshToken(world, counted, now) : counted;
  const { authorizer: next, token } = issueToken(world, echoed, now);
  world.thirdParties.authorizers.set(authorizerKey(component.appId, next.appId), next);
  const refreshToken = component.echo === 'empty' ? '' : next.refreshToken;
  const body = {
    authorizer_access_token: token.value,
    expires_in: secondsLeft(token, now),
    ...(component.echo !== 'absent' && { authorizer_refresh_token: refreshToken }),
  };
  return { body, token: token.value };
};

/** `api_get_authorizer_list`. It has no refresh token of an account that nobody has called `api_query_auth` for. */
export const listAuthorizers: Call = (world, request, now) => {
  const found = authorizeComponent(world, request, now);
  if (isRefusal(found)) return found;
  const { component, parameters } = found;
  const { offset, count } = parameters;
  const isPage = isCount(offset) && isCount(count) && count > 0 && count <= PAGE;
  if (!isPage) return refuse('official', 40170);
  const all = [...world.thirdParties.authorizers.values()].filter(
    ({ componentAppId, isRevoked }) => componentAppId === component.appId && !isRevoked,
  );
  const list = all.slice(offset, offset + count).map((authorizer) => ({
    authorizer_appid: authorizer.appId,
    ...(authorizer.isExchanged && { refresh_token: authorizer.refreshToken }),
    auth_time: Math.floor(authorizer.authorizedAt / 1000),
  }));
  return { body: { total_count: all.length, list } };
};

/** `api_get_authorizer_info`. */
export const describeAuthorizer: Call = (world, request, now) => {
  const found = authorizeComponent(world, request, now);
  if (isRefusal(found)) return found;
  const authorizer = authorizerOf(world, found.component, found.parameters);
  if (isRefusal(authorizer)) return authorizer;
  const body = {
    authorizer_info: { nick_name: `account ${authorizer.appId}`, service_type_info: { id: 2 } },
    authorization_info: {
      authorizer_appid: authorizer.appId,
      ...(authorizer.isExchanged && { authorizer_refresh_token: authorizer.refreshToken }),
      func_info: FUNCTIONS,
    },
  };
  return { body };
};

/** Categories of permissions: messages, users, and what a token keeper needs none of. */
const FUNCTIONS = [1, 2, 11].map((id) => ({ funcscope_category: { id } }));

/**
 * Checks a call that carries the component's secret. The order of the checks is an assumption.
 * @param secretName the name of the secret, of which there are three
 */
function authenticate(
  world: World,
  request: PlatformRequest,
  secretName: string,
): Refusal | { component: Component; parameters: Parameters } {
  const parameters = bodyParametersOf(request);
  if (!parameters) return refuse('official', 47001);
  const appId = text(parameters['component_appid']);
  if (!appId) return refuse('official', 41018);
  const component = world.thirdParties.components.get(appId);
  if (!component) return refuse('official', world.accounts.has(appId) ? 61011 : 40013);
  const secret = text(parameters[secretName]);
  if (!secret) return refuse('official', 41004);
  if (secret !== component.secret) {
    return refuse('official', component.formerSecrets.includes(secret) ? 40125 : 40001);
  }
  if (!admitsCaller(component, request.ip)) return refuse('official', 61004);
  return { component, parameters };
}

/** Checks a call that carries the component's token. */
function authorizeComponent(
  world: World,
  request: PlatformRequest,
  now: number,
): Refusal | { component: Component; parameters: Parameters } {
  const parameters = bodyParametersOf(request);
  if (!parameters) return refuse('official', 47001);
  const value = presentedToken(request);
  if (!value) return refuse('official', 41021);
  const issued = world.issued.find(value);
  if (issued && issued.kind !== 'component') return refuse('official', 61014);
  const component = world.thirdParties.components.get(issued?.appId ?? '');
  if (!issued || !component) return refuse('official', 40001);
  if (now >= issued.endsAt) return refuse('official', 42001);
  if (!isLive(component.pair, value, now)) return refuse('official', 40001);
  const named = text(parameters['component_appid']);
  if (!named) return refuse('official', 41018);
  if (named !== component.appId) return refuse('official', 40013);
  if (!admitsCaller(component, request.ip)) return refuse('official', 61004);
  return { component, parameters };
}

/** The token of a call with the component's token: the parameter has an old name and a new one. */
function presentedToken({ query }: PlatformRequest): string | undefined {
  return text(query['component_access_token']) ?? text(query['access_token']);
}

function authorizerOf(world: World, component: Component, parameters: Parameters): Authorizer | Refusal {
  const appId = text(parameters['authorizer_appid']) ?? '';
  const authorizer = world.thirdParties.authorizers.get(authorizerKey(component.appId, appId));
  return authorizer && !authorizer.isRevoked ? authorizer : refuse('official', 61003);
}

function knowsRefreshToken(authorizer: Authorizer, presented: string | undefined, now: number): boolean {
  if (presented === undefined) return false;
  if (presented === authorizer.refreshToken) return true;
  const { formerRefreshToken } = authorizer;
  return formerRefreshToken?.value === presented && now < formerRefreshToken.validUntil;
}

function rotateRefreshToken(world: World, authorizer: Authorizer, now: number): Authorizer {
  const formerRefreshToken = {
    value: authorizer.refreshToken,
    validUntil: now + REFRESH_TOKEN_OVERLAP,
  };
  return { ...authorizer, refreshToken: world.mint.refreshToken(), formerRefreshToken };
}

/** Issues an access token of an authorizer; the one before it works on for the overlap. */
function issueToken(
  world: World,
  authorizer: Authorizer,
  now: number,
): { authorizer: Authorizer; token: Token } {
  const { tokenTtl, overlap } = world.rules;
  const token = newToken(world.mint.token(), now, tokenTtl);
  const { componentAppId: component, appId } = authorizer;
  world.issued.add(token.value, { kind: 'authorizer', component, appId, endsAt: token.endsAt }, now);
  return { authorizer: { ...authorizer, pair: replaceToken(authorizer.pair, token, now, overlap) }, token };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
