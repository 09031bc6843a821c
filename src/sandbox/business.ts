import { HOUR } from '../core/time.ts';
import { admits, type Corp, type CorpApp, type OfficialAccount, replaceApp } from './accounts.ts';
import { countIn, usedIn, windowOf } from './counter.ts';
import {
  type Family,
  isRefusal,
  type Outcome,
  type PlatformRequest,
  type Refusal,
  refuse,
  text,
} from './protocol.ts';
import { type Authorizer, admitsCaller, authorizerKey } from './third-parties/component.ts';
import { type SuiteCorp, suiteCorpKey } from './third-parties/suite.ts';
import { currentTicket, ticketAnswer } from './tickets.ts';
import { isLive } from './tokens.ts';
import type { Call, Issued, World } from './world.ts';

/** WeCom's limits for fetching tickets (docs/wechat-facts.md, "Tickets"). */
const TICKET_CALLS_PER_HOUR = { corp: 400, app: 100 };

/** Address ranges reserved for documentation (RFC 5737). */
const IP_LIST = ['192.0.2.0/25', '198.51.100.7', '203.0.113.128/26'];

/**
 * `getcallbackip` and `get_api_domain_ip`, the customary calls to probe a token. Both platforms have the first;
 * because the sandbox has one host, the token tells which platform is meant.
 */
export const listAddresses: Call = (world, request, now) => {
  const owner = authorize(world, request, now, 'official');
  return isRefusal(owner) ? owner : { body: { ip_list: IP_LIST } };
};

/** `/cgi-bin/ticket/getticket` of official accounts, with `type` jsapi or wx_card. */
export const fetchTicket: Call = (world, request, now) => {
  const owner = authorize(world, request, now, 'official');
  if (isRefusal(owner)) return owner;
  if (owner.kind === 'component') return refuse('official', 61015);
  if (owner.kind !== 'official' && owner.kind !== 'authorizer') return refuse('official', 40001);
  const type = request.query['type'];
  const slot = type === 'jsapi' ? 'jsapi' : type === 'wx_card' ? 'wxCard' : undefined;
  if (!slot) return refuse('official', 40097);
  const { tokenTtl } = world.rules;
  if (owner.kind === 'authorizer') {
    const { authorizer } = owner;
    const ticket = currentTicket(authorizer[slot], now, tokenTtl, world.mint.ticket);
    const key = authorizerKey(authorizer.componentAppId, authorizer.appId);
    world.thirdParties.authorizers.set(key, { ...authorizer, [slot]: ticket });
    return { body: ticketAnswer(ticket, tokenTtl) };
  }
  const { account } = owner;
  const ticket = currentTicket(account[slot], now, tokenTtl, world.mint.ticket);
  world.accounts.set(account.appId, { ...account, [slot]: ticket });
  return { body: ticketAnswer(ticket, tokenTtl) };
};

/** `/cgi-bin/get_jsapi_ticket`, one ticket per corp, and `/cgi-bin/ticket/get`, one ticket per app. */
export const fetchCorpTicket: Call = (world, request, now) => {
  const owner = authorize(world, request, now, 'wecom');
  if (isRefusal(owner)) return owner;
  if (owner.kind !== 'wecom' && owner.kind !== 'suite-corp') return refuse('wecom', 40014);
  const perApp = request.path === '/cgi-bin/ticket/get';
  if (perApp && request.query['type'] !== 'agent_config') return refuse('wecom', 40097);
  if (owner.kind === 'suite-corp') return suiteCorpTicket(world, owner.suiteCorp, perApp, now);

  const { corp, app, position } = owner;
  const hour = windowOf(now, HOUR);
  const overused =
    usedIn(corp.ticketCalls, hour) >= TICKET_CALLS_PER_HOUR.corp ||
    usedIn(app.ticketCalls, hour) >= TICKET_CALLS_PER_HOUR.app;
  if (overused) return refuse('wecom', 45009);

  const { tokenTtl } = world.rules;
  const held = perApp ? app.agentTicket : corp.jsapi;
  const ticket = currentTicket(held, now, tokenTtl, world.mint.ticket);
  const ticketCalls = countIn(app.ticketCalls, hour);
  world.corps.set(corp.corpId, {
    ...replaceApp(corp, position, { ...app, ticketCalls, ...(perApp && { agentTicket: ticket }) }),
    ticketCalls: countIn(corp.ticketCalls, hour),
    ...(!perApp && { jsapi: ticket }),
  });
  return { body: ticketAnswer(ticket, tokenTtl) };
};

/** The tickets of a corp that has installed a suite. */
function suiteCorpTicket(world: World, corp: SuiteCorp, perApp: boolean, now: number): Outcome {
  const slot = perApp ? 'agentTicket' : 'jsapi';
  const { tokenTtl } = world.rules;
  const ticket = currentTicket(corp[slot], now, tokenTtl, world.mint.ticket);
  const key = suiteCorpKey(corp.suiteId, corp.corpId);
  world.thirdParties.suiteCorps.set(key, { ...corp, [slot]: ticket });
  return { body: ticketAnswer(ticket, tokenTtl) };
}

/** The owner of the access token of a call. */
export type TokenOwner =
  | { readonly kind: 'official'; readonly account: OfficialAccount }
  | { readonly kind: 'component' }
  | { readonly kind: 'authorizer'; readonly authorizer: Authorizer }
  | { readonly kind: 'suite-corp'; readonly suiteCorp: SuiteCorp }
  | { readonly kind: 'wecom'; readonly corp: Corp; readonly app: CorpApp; readonly position: number };

const WELL_FORMED = /^[\w-]{16,512}$/;

/**
 * Checks the access token of a call. Official accounts answer 40001 for an unknown or replaced token and 42001 for
 * an expired one; WeCom answers 40014 instead of 40001. The whitelist of an official account is not checked,
 * because for mini programs it binds only the calls that carry the secret (docs/wechat-facts.md, "Who may call").
 * @param family whose error code a token gets that neither platform knows
 */
function authorize(
  world: World,
  request: PlatformRequest,
  now: number,
  family: Family,
): TokenOwner | Refusal {
  const value = text(request.query['access_token']);
  if (!value) return refuse(family, 41001);
  if (!WELL_FORMED.test(value)) return refuse(family, 40014);
  const issued = world.issued.find(value);
  if (!issued) return refuse(family, unknownToken(family));
  if (issued.kind === 'wecom') {
    const corp = world.corps.get(issued.corpId);
    const app = corp?.apps[issued.app];
    if (!corp || !app) return refuse('wecom', unknownToken('wecom'));
    if (now >= issued.endsAt) return refuse('wecom', 42001);
    if (app.token?.value !== value) return refuse('wecom', unknownToken('wecom'));
    if (corp.apiBanned) return refuse('wecom', 48004);
    if (!admits(corp.whitelist, request.ip)) return refuse('wecom', 60020);
    return { kind: 'wecom', corp, app, position: issued.app };
  }
  if (issued.kind !== 'classic' && issued.kind !== 'stable') {
    return authorizeThirdParty(world, issued, value, request.ip, now);
  }
  const account = world.accounts.get(issued.appId);
  if (!account) return refuse('official', unknownToken('official'));
  if (now >= issued.endsAt) return refuse('official', 42001);
  const pair = issued.kind === 'classic' ? account.classic : account.stable.pair;
  if (!isLive(pair, value, now)) return refuse('official', unknownToken('official'));
  if (account.apiBanned) return refuse('official', 48004);
  return { kind: 'official', account };
}

/** Checks a token that a third party was given. A revoked or renewed authorisation ends the authorizer's at once. */
function authorizeThirdParty(
  { thirdParties }: World,
  issued: Issued,
  value: string,
  ip: string,
  now: number,
): TokenOwner | Refusal {
  const isOver = now >= issued.endsAt;
  switch (issued.kind) {
    case 'component': {
      const component = thirdParties.components.get(issued.appId);
      if (isOver) return refuse('official', 42001);
      if (!component || !isLive(component.pair, value, now)) return refuse('official', 40001);
      return admitsCaller(component, ip) ? { kind: 'component' } : refuse('official', 61004);
    }
    case 'authorizer': {
      const authorizer = thirdParties.authorizers.get(authorizerKey(issued.component, issued.appId));
      if (isOver) return refuse('official', 42001);
      if (!authorizer || !isLive(authorizer.pair, value, now)) return refuse('official', 40001);
      return { kind: 'authorizer', authorizer };
    }
    case 'suite-corp': {
      const suiteCorp = thirdParties.suiteCorps.get(suiteCorpKey(issued.suiteId, issued.corpId));
      if (isOver) return refuse('wecom', 42001);
      if (suiteCorp?.token?.value !== value) return refuse('wecom', 40014);
      return { kind: 'suite-corp', suiteCorp };
    }
    default:
      // Tokens of providers and suites are none for the calls of an account, and of bots WeChat knows nothing.
      return issued.kind === 'bot' ? refuse('official', unknownToken('official')) : refuse('wecom', 40014);
  }
}

function unknownToken(family: Family): number {
  return family === 'wecom' ? 40014 : 40001;
}
