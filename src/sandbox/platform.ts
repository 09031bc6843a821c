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
import { fetchCorpToken } from './wecom.ts';
import { type Call, createWorld, type RuleOptions, type World } from './world.ts';

export interface PlatformOptions extends RuleOptions {
  readonly accounts: readonly SandboxAccount[];
}

/** The platform without HTTP. It is synchronous and knows no time but `now` (epoch ms). */
export interface Platform {
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

const ROUTES: ReadonlyMap<string, Route> = new Map([
  ['/cgi-bin/token', { family: 'official', methods: ['GET', 'POST'], call: fetchClassicToken }],
  ['/cgi-bin/stable_token', { family: 'official', methods: ['POST'], call: fetchStableToken }],
  ['/cgi-bin/ticket/getticket', { family: 'official', methods: ['GET'], call: fetchTicket }],
  ['/cgi-bin/getcallbackip', { family: 'official', methods: ['GET'], call: listAddresses }],
  ['/cgi-bin/get_api_domain_ip', { family: 'official', methods: ['GET'], call: listAddresses }],
  ['/cgi-bin/gettoken', { family: 'wecom', methods: ['GET'], call: fetchCorpToken }],
  ['/cgi-bin/get_jsapi_ticket', { family: 'wecom', methods: ['GET'], call: fetchCorpTicket }],
  ['/cgi-bin/ticket/get', { family: 'wecom', methods: ['GET'], call: fetchCorpTicket }],
]);

/**
 * Creates a platform with these accounts.
 * @throws {TypeError} for contradictory rules and for duplicate accounts
 */
export function createPlatform(options: PlatformOptions): Platform {
  const world = createWorld(options);
  for (const account of options.accounts) {
    if (!addAccount(world, account)) throw new TypeError(`the same account twice: ${account.appId}`);
  }
  return {
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
  const presented = text(request.query['access_token']) ?? null;
  const trace = {
    force: parametersOf(request)?.['force_refresh'] === true,
    errcode: isRefusal(outcome) ? outcome.errcode : 0,
    token: isRefusal(outcome) ? presented : (outcome.token ?? presented),
  };
  const headers = { date: new Date(now).toUTCString(), 'content-type': 'application/json; encoding=utf-8' };
  if (!isRefusal(outcome)) return { status: 200, headers, body: JSON.stringify(outcome.body), trace };
  const { family, errcode } = outcome;
  const mark = { rid: world.mint.rid(), hint: world.mint.hint() };
  const body = { errcode, errmsg: errorMessage(family, errcode, request, mark, errmsg) };
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
  const named = text(parameters['appid']) ?? text(parameters['corpid']);
  if (named) return named;
  const owner = issued.find(text(request.query['access_token']) ?? '');
  return owner?.kind === 'wecom' ? owner.corpId : owner?.appId;
}
