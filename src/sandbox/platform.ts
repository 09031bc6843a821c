import type { SandboxAccount } from './accounts.ts';
import { type AccountPatch, addAccount, describeAccount, patchAccount } from './administration.ts';
import { fetchCorpTicket, fetchTicket, listAddresses } from './business.ts';
import { errorMessage } from './messages.ts';
import { fetchClassicToken, fetchStableToken } from './official.ts';
import {
  type Family,
  isRefusal,
  type Outcome,
  type PlatformAnswer,
  type PlatformRequest,
  parametersOf,
  refuse,
  text,
} from './protocol.ts';
import { fetchBotToken } from './third-parties/bot.ts';
import { addComponent } from './third-parties/component-administration.ts';
import {
  clearComponentQuota,
  describeAuthorizer,
  exchangeAuthorizationCode,
  fetchAuthorizerToken,
  fetchComponentToken,
  listAuthorizers,
  startPushingTickets,
} from './third-parties/component-calls.ts';
import {
  describeSuiteCorp,
  exchangeSuiteCode,
  fetchProviderToken,
  fetchSuiteCorpToken,
  fetchSuiteToken,
} from './third-parties/suite-calls.ts';
import { fetchCorpToken } from './wecom.ts';
import { type Call, createWorld, type RuleOptions, type World } from './world.ts';

export interface PlatformOptions extends RuleOptions {
  readonly accounts: readonly SandboxAccount[];
  /** Third-party platforms (default: none). */
  readonly components?: readonly SandboxAccount[];
}

/** The platform without HTTP. It is synchronous and knows no time but `now` (epoch ms). */
export interface Platform {
  /** Its state, for the control path. */
  readonly world: World;
  readonly handle: (request: PlatformRequest, now: number) => PlatformAnswer;
  /**
   * Returns the response of a call refused with this code, in the wording of the path, and changes nothing else.
   */
  readonly refuse: (
    request: PlatformRequest,
    now: number,
    errcode: number,
    errmsg?: string,
  ) => PlatformAnswer;
  /** Returns the appid or corpid that the request names or whose token it carries. */
  readonly identify: (request: PlatformRequest) => string | undefined;
  readonly addAccount: (account: SandboxAccount) => boolean;
  readonly patchAccount: (appId: string, patch: AccountPatch) => string | undefined;
  readonly describeAccount: (appId: string, now: number) => ReturnType<typeof describeAccount>;
}

interface Route {
  readonly family: Family;
  readonly methods: readonly string[];
  readonly call: Call;
}

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/cgi-bin/token', { family: 'official', methods: ['GET', 'POST'], call: fetchClassicToken }],
  ['/cgi-bin/stable_token', { family: 'official', methods: ['POST'], call: fetchStableToken }],
  ['/cgi-bin/ticket/getticket', { family: 'official', methods: ['GET'], call: fetchTicket }],
  ['/cgi-bin/getcallbackip', { family: 'official', methods: ['GET'], call: listAddresses }],
  ['/cgi-bin/get_api_domain_ip', { family: 'official', methods: ['GET'], call: listAddresses }],
  ['/cgi-bin/gettoken', { family: 'wecom', methods: ['GET'], call: fetchCorpToken }],
  ['/cgi-bin/get_jsapi_ticket', { family: 'wecom', methods: ['GET'], call: fetchCorpTicket }],
  ['/cgi-bin/ticket/get', { family: 'wecom', methods: ['GET'], call: fetchCorpTicket }],
  ...posts('official', '/cgi-bin/component', {
    api_start_push_ticket: startPushingTickets,
    api_component_token: fetchComponentToken,
    api_query_auth: exchangeAuthorizationCode,
    api_authorizer_token: fetchAuthorizerToken,
    api_get_authorizer_list: listAuthorizers,
    api_get_authorizer_info: describeAuthorizer,
    'clear_quota/v2': clearComponentQuota,
  }),
  ...posts('wecom', '/cgi-bin/service', {
    get_provider_token: fetchProviderToken,
    get_suite_token: fetchSuiteToken,
    get_permanent_code: exchangeSuiteCode,
    'v2/get_permanent_code': exchangeSuiteCode,
    'v2/get_auth_info': describeSuiteCorp,
    get_corp_token: fetchSuiteCorpToken,
  }),
  ...posts('qq', '/app', { getAppAccessToken: fetchBotToken }),
]);

/** Routes of calls that take a JSON body. */
function posts(
  family: Family,
  folder: string,
  calls: Readonly<Record<string, Call>>,
): readonly (readonly [string, Route])[] {
  return Object.entries(calls).map(([name, call]) => [
    `${folder}/${name}`,
    { family, methods: ['POST'], call },
  ]);
}

/**
 * Creates a platform with these accounts.
 * @throws {TypeError} for contradictory rules and for duplicate accounts
 */
export function createPlatform(options: PlatformOptions): Platform {
  const world = createWorld(options);
  for (const account of options.accounts) {
    if (!addAccount(world, account)) throw new TypeError(`the same account twice: ${account.appId}`);
  }
  for (const { appId, secret } of options.components ?? []) {
    if (!addComponent(world, appId, secret)) throw new TypeError(`the same component twice: ${appId}`);
  }
  return {
    world,
    handle(request, now) {
      const route = ROUTES.get(request.path);
      if (!route) return notFound(now);
      if (route.methods.includes(request.method))
        return answer(world, request, now, route.call(world, request, now));
      const required = route.methods.includes('GET') ? 43001 : 43002;
      return answer(world, request, now, refuse(route.family, required));
    },
    refuse(request, now, errcode, errmsg) {
      const family = ROUTES.get(request.path)?.family ?? 'official';
      return answer(world, request, now, refuse(family, errcode), errmsg);
    },
    identify: (request) => identify(world, request),
    addAccount: (account) => addAccount(world, account),
    patchAccount: (appId, patch) => patchAccount(world, appId, patch),
    describeAccount: (appId, now) => describeAccount(world, appId, now),
  };
}

/** Errors come with HTTP 200 as well (docs/wechat-facts.md, "Form of answers"). */
function answer(
  world: World,
  request: PlatformRequest,
  now: number,
  outcome: Outcome,
  errmsg?: string,
): PlatformAnswer {
  const presented = presentedToken(request) ?? null;
  const trace = {
    force: parametersOf(request)?.['force_refresh'] === true,
    errcode: isRefusal(outcome) ? outcome.errcode : 0,
    token: isRefusal(outcome) ? presented : (outcome.token ?? presented),
  };
  const headers = { date: new Date(now).toUTCString(), 'content-type': 'application/json; encoding=utf-8' };
  if (!isRefusal(outcome)) return { status: 200, headers, body: JSON.stringify(outcome.body), trace };
  const { family, errcode } = outcome;
  const mark = { rid: world.mint.rid(now), hint: world.mint.hint() };
  const message = errorMessage(family, errcode, request, mark, errmsg);
  const body = family === 'qq' ? { code: errcode, message } : { errcode, errmsg: message };
  return { status: 200, headers, body: JSON.stringify(body), trace };
}

function notFound(now: number): PlatformAnswer {
  const headers = { date: new Date(now).toUTCString(), 'content-type': 'text/html' };
  const body =
    '<html>\r\n<head><title>404 Not Found</title></head>\r\n<body><h1>404 Not Found</h1></body>\r\n</html>\r\n';
  return { status: 404, headers, body, trace: { force: false, errcode: null, token: null } };
}

function identify({ issued }: World, request: PlatformRequest): string | undefined {
  const parameters = parametersOf(request) ?? {};
  for (const name of ID_PARAMETERS) {
    const id = text(parameters[name]);
    if (id) return id;
  }
  const owner = issued.find(presentedToken(request) ?? '');
  if (owner === undefined) return undefined;
  if ('appId' in owner) return owner.appId;
  return 'corpId' in owner ? owner.corpId : owner.suiteId;
}

/** Parameters that name whom a call is about, the most telling first: an authorizer before its component. */
const ID_PARAMETERS = [
  'appid',
  'corpid',
  'authorizer_appid',
  'auth_corpid',
  'component_appid',
  'suite_id',
  'appId',
];

const TOKEN_PARAMETERS = ['access_token', 'component_access_token', 'suite_access_token'];

function presentedToken({ query }: PlatformRequest): string | undefined {
  return TOKEN_PARAMETERS.map((name) => text(query[name])).find((value) => value !== undefined);
}
