import { admits } from '../accounts.ts';
import { chinaDay, countIn } from '../counter.ts';
import {
  bodyParametersOf,
  isRefusal,
  type PlatformRequest,
  type Refusal,
  refuse,
  text,
} from '../protocol.ts';
import { newToken, secondsLeft, type Token } from '../tokens.ts';
import type { Call, World } from '../world.ts';
import { TICKET_LIFE, verdictOnTicket } from './pushed-ticket.ts';
import { type Suite, type SuiteCorp, suiteCorpKey } from './suite.ts';

type Parameters = Readonly<Record<string, unknown>>;

/** `service/get_provider_token`: the same token until its end. */
export const fetchProviderToken: Call = (world, request, now) => {
  const parameters = bodyParametersOf(request);
  if (!parameters) return refuse('wecom', 47001);
  const corpId = text(parameters['corpid']);
  const secret = text(parameters['provider_secret']);
  if (!corpId) return refuse('wecom', 41002);
  if (!secret) return refuse('wecom', 41004);
  const provider = world.thirdParties.providers.get(corpId);
  if (!provider) return refuse('wecom', 40013);
  if (secret !== provider.secret) return refuse('wecom', 40001);
  if (!admits(provider.whitelist, request.ip)) return refuse('wecom', 60020);
  const token = currentToken(world, provider.token, now);
  world.thirdParties.providers.set(corpId, { ...provider, token });
  world.issued.add(token.value, { kind: 'provider', corpId, endsAt: token.endsAt }, now);
  return {
    body: { provider_access_token: token.value, expires_in: secondsLeft(token, now) },
    token: token.value,
  };
};

/** `service/get_suite_token`: the same token until its end. A success has no errcode. */
export const fetchSuiteToken: Call = (world, request, now) => {
  const parameters = bodyParametersOf(request);
  if (!parameters) return refuse('wecom', 47001);
  const suiteId = text(parameters['suite_id']);
  const secret = text(parameters['suite_secret']);
  const ticket = text(parameters['suite_ticket']);
  if (!suiteId) return refuse('wecom', 41021);
  const suite = world.thirdParties.suites.get(suiteId);
  if (!suite) return refuse('wecom', 40083);
  if (!secret) return refuse('wecom', 41024);
  if (secret !== suite.secret) return refuse('wecom', 40080);
  if (!ticket) return refuse('wecom', 41023);
  if (!admitsCaller(world, suite, request.ip)) return refuse('wecom', 60020);
  if (verdictOnTicket(suite.tickets, ticket, now, TICKET_LIFE.suite) !== 'live')
    return refuse('wecom', 40085);
  const token = currentToken(world, suite.token, now);
  world.thirdParties.suites.set(suiteId, { ...suite, token });
  world.issued.add(token.value, { kind: 'suite', suiteId, endsAt: token.endsAt }, now);
  return {
    body: { suite_access_token: token.value, expires_in: secondsLeft(token, now) },
    token: token.value,
  };
};

/** `service/get_permanent_code` and, without an access token in its answer, `service/v2/get_permanent_code`. */
export const exchangeSuiteCode: Call = (world, request, now) => {
  const found = authorizeSuite(world, request, now);
  if (isRefusal(found)) return found;
  const { suiteCodes, suiteCorps } = world.thirdParties;
  const value = text(found.parameters['auth_code']) ?? '';
  const code = suiteCodes.get(value);
  const corp = suiteCorps.get(code?.suiteCorp ?? '');
  if (!code || corp?.suiteId !== found.suite.suiteId) return refuse('wecom', 40078);
  if (code.isUsed || now >= code.endsAt || corp.isRevoked) return refuse('wecom', 40078);
  suiteCodes.set(value, { ...code, isUsed: true });
  const body = { permanent_code: corp.permanentCode, auth_corp_info: { corpid: corp.corpId } };
  if (request.path.includes('/v2/')) return { body };
  const token = issueCorpToken(world, corp, now);
  return {
    body: { ...body, access_token: token.value, expires_in: secondsLeft(token, now) },
    token: token.value,
  };
};

/** `service/v2/get_auth_info`. */
export const describeSuiteCorp: Call = (world, request, now) => {
  const found = authorizeSuite(world, request, now);
  if (isRefusal(found)) return found;
  const corp = suiteCorpOf(world, found.suite, found.parameters);
  if (isRefusal(corp)) return corp;
  return {
    body: {
      auth_corp_info: { corpid: corp.corpId, corp_name: `corp ${corp.corpId}` },
      auth_info: { agent: [{ agentid: 1, name: 'app', is_customized_app: false }] },
    },
  };
};

/** `service/get_corp_token`: the same token until its end, as gettoken. */
export const fetchSuiteCorpToken: Call = (world, request, now) => {
  const found = authorizeSuite(world, request, now);
  if (isRefusal(found)) return found;
  const corp = suiteCorpOf(world, found.suite, found.parameters);
  if (isRefusal(corp)) return corp;
  const token = issueCorpToken(world, { ...corp, fetches: countIn(corp.fetches, chinaDay(now)) }, now);
  return { body: { access_token: token.value, expires_in: secondsLeft(token, now) }, token: token.value };
};

/** Templates of apps that a provider builds for single corps (代开发) have ids of their own. */
const TEMPLATE = /^dk/;

/**
 * `/cgi-bin/gettoken` for an app that a provider has built for one corp: its secret is the permanent code
 * (https://developer.work.weixin.qq.com/document/path/97164).
 * @returns undefined where it is no such app
 */
export function fetchOfBuiltApp(world: World, { query }: PlatformRequest, now: number) {
  const [corpId, secret] = [text(query['corpid']), text(query['corpsecret'])];
  const corp = [...world.thirdParties.suiteCorps.values()].find(
    (one) => TEMPLATE.test(one.suiteId) && one.corpId === corpId && one.permanentCode === secret,
  );
  if (!corp || corp.isRevoked) return undefined;
  const token = issueCorpToken(world, { ...corp, fetches: countIn(corp.fetches, chinaDay(now)) }, now);
  const body = { errcode: 0, errmsg: 'ok', access_token: token.value, expires_in: secondsLeft(token, now) };
  return { body, token: token.value };
}

function authorizeSuite(
  world: World,
  request: PlatformRequest,
  now: number,
): Refusal | { suite: Suite; parameters: Parameters } {
  const parameters = bodyParametersOf(request);
  if (!parameters) return refuse('wecom', 47001);
  const value = text(request.query['suite_access_token']);
  if (!value) return refuse('wecom', 41022);
  const issued = world.issued.find(value);
  const suite = issued?.kind === 'suite' ? world.thirdParties.suites.get(issued.suiteId) : undefined;
  if (!issued || !suite) return refuse('wecom', 40082);
  if (now >= issued.endsAt) return refuse('wecom', 42009);
  if (suite.token?.value !== value) return refuse('wecom', 40082);
  if (!admitsCaller(world, suite, request.ip)) return refuse('wecom', 60020);
  return { suite, parameters };
}

function suiteCorpOf(world: World, suite: Suite, parameters: Parameters): SuiteCorp | Refusal {
  const corpId = text(parameters['auth_corpid']);
  const code = text(parameters['permanent_code']);
  if (!corpId) return refuse('wecom', 41002);
  if (!code) return refuse('wecom', 41025);
  const { suiteCorps } = world.thirdParties;
  const corp = suiteCorps.get(suiteCorpKey(suite.suiteId, corpId));
  if (!corp) {
    const others = [...suiteCorps.values()].some(
      (other) => other.corpId === corpId && other.permanentCode === code,
    );
    return refuse('wecom', others ? 48003 : 40013);
  }
  if (corp.isRevoked || corp.permanentCode !== code) return refuse('wecom', 40084);
  return corp;
}

function issueCorpToken(world: World, corp: SuiteCorp, now: number): Token {
  const token = currentToken(world, corp.token, now);
  const { suiteId, corpId } = corp;
  world.thirdParties.suiteCorps.set(suiteCorpKey(suiteId, corpId), { ...corp, token });
  world.issued.add(token.value, { kind: 'suite-corp', suiteId, corpId, endsAt: token.endsAt }, now);
  return token;
}

function currentToken(world: World, held: Token | undefined, now: number): Token {
  const isLive = held !== undefined && now < held.validUntil;
  return isLive ? held : newToken(world.mint.corpToken(), now, world.rules.tokenTtl);
}

function admitsCaller({ thirdParties }: World, { provider }: Suite, ip: string): boolean {
  return admits(thirdParties.providers.get(provider)?.whitelist ?? null, ip);
}
