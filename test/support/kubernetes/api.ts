import type { Callers } from './callers.ts';
import { type Caller, isAllowed } from './rights.ts';
import { keyOf, type Route, routeOf } from './route.ts';
import { deniedByPolicy, forbidden, Refusal } from './status.ts';
import type { Store, Thing } from './store.ts';
import type { Webhook } from './webhook.ts';
import { create, patch, put } from './writes.ts';

/** What a server is made to say. */
export interface Mood {
  /** It starts: rights are not known yet, and nobody but the administrator has any. */
  isStarting: boolean;
  /** The policy that denies every change of a Secret. */
  policy?: string;
  /** The webhook that is asked about every change of what it is for. */
  webhook?: Webhook | undefined;
}

export interface Asked {
  readonly caller: Caller;
  readonly method: string;
  readonly contentType: string;
  readonly url: URL;
  readonly body: string;
}

/** An object, or the wish to be told of one. */
export type Answer = { readonly status: number; readonly thing: Thing } | { readonly watch: Route };

const LARGEST_BODY = 3 * 1024 * 1024;

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/**
 * The webhook that is to be asked about this request before it is stored. What does not come so far (a missing right, a
 * missing object, a conflict) is refused without it. @throws {Refusal}
 */
export function webhookFor(asked: Asked, store: Store, callers: Callers, mood: Mood): Webhook | undefined {
  const { webhook } = mood;
  const { method, url } = asked;
  const resource = routeOf(url.pathname)?.resource ?? '';
  if (!webhook || (method !== 'PATCH' && method !== 'PUT') || !webhook.resources.includes(resource))
    return undefined;
  const dry = new URL(url);
  dry.searchParams.set('dryRun', 'All');
  answer({ ...asked, url: dry }, store, callers, mood);
  return webhook;
}

/** What an API server does with one request. @throws {Refusal} */
export function answer(asked: Asked, store: Store, callers: Callers, mood: Mood): Answer {
  const { caller, method, url, body } = asked;
  const found = routeOf(url.pathname);
  if (!found) throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
  const isWatch = method === 'GET' && found.name === '' && url.searchParams.get('watch') === '1';
  const selected = /^metadata\.name=([^,]+)$/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1];
  const route = found.name === '' && selected ? { ...found, name: selected } : found;
  const verb = isWatch ? 'watch' : verbOf(method, found);
  const may = isAllowed(store, caller, verb, route) && (caller.isAdmin || !mood.isStarting);
  if (!may) throw forbidden(route, caller.user, verb, route.namespace);
  if (isWatch) return { watch: route };
  if (body.length > LARGEST_BODY) {
    throw new Refusal(413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728');
  }
  return obey(asked, found, store, callers, mood);
}

function verbOf(method: string, { name }: Route): string {
  return method === 'GET' && name === '' ? 'list' : (VERBS[method] ?? 'unknown');
}

function obey(
  { method, contentType, url, body }: Asked,
  route: Route,
  store: Store,
  callers: Callers,
  mood: Mood,
): Answer {
  const write = { route, contentType, body, isDryRun: url.searchParams.get('dryRun') === 'All' };
  const isChange = method === 'PATCH' || method === 'PUT';
  if (isChange && route.resource === 'secrets' && mood.policy !== undefined)
    throw deniedByPolicy(route, mood.policy);
  switch (method) {
    case 'GET': {
      const thing = store.get(keyOf(route));
      if (!thing) throw new Refusal(404, 'NotFound', `${route.resource} "${route.name}" not found`);
      return { status: 200, thing };
    }
    case 'PATCH':
      return { status: 200, thing: patch(store, write) };
    case 'PUT':
      return { status: 200, thing: put(store, write) };
    case 'POST':
      return { status: 201, thing: post(store, callers, write) };
    case 'DELETE':
      return { status: 200, thing: remove(store, callers, route) };
    default:
      throw new Refusal(
        405,
        'MethodNotAllowed',
        'the server does not allow this method on the requested resource',
      );
  }
}

function post(store: Store, callers: Callers, write: Parameters<typeof create>[1]): Thing {
  const { route } = write;
  if (route.subresource !== 'token') return create(store, write);
  const account = store.get(keyOf(route));
  if (!account) throw new Refusal(404, 'NotFound', `serviceaccounts "${route.name}" not found`);
  return {
    kind: 'TokenRequest',
    metadata: account.metadata,
    status: { token: callers.issue(route.namespace, route.name) },
  };
}

/** With a namespace goes what is in it. */
function remove(store: Store, callers: Callers, route: Route): Thing {
  const gone = store.remove(keyOf(route));
  if (!gone) throw new Refusal(404, 'NotFound', `${route.resource} "${route.name}" not found`);
  if (route.resource === 'serviceaccounts') callers.revoke(route.namespace, route.name);
  if (route.resource === 'namespaces') {
    for (const resource of ['secrets', 'leases', 'roles', 'rolebindings', 'serviceaccounts']) {
      for (const { metadata } of store.list(`${resource}/${route.name}/`)) {
        store.remove(`${resource}/${route.name}/${metadata.name}`);
      }
    }
  }
  return gone;
}
