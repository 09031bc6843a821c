import { type Backoff, EdgeError, type Failure, PASSING } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import { groupOf, inWords, type ObjectName } from './resources.ts';

/** As Roles name what one does. */
export type Verb = 'get' | 'patch' | 'update' | 'watch';

/** What was asked for, and how the API server answered. */
export interface Refusal {
  readonly verb: Verb;
  readonly object: ObjectName;
  readonly status: number;
  readonly text: string;
  /** Whether we have been refused so for 30 s: an API server that starts refuses everybody for a moment. */
  readonly lasting: boolean;
}

/** What one meets at start-up, and what a person who mends it wants to see mended soon. */
const WHILE_STARTING = 'an API server that is starting says so for a moment; should it last 30 s: ';

const NOBODY =
  'nobody was known by what was sent: the user of the kubeconfig needs a token, tokenFile or client certificate of this ' +
  'cluster, and nothing in between may end TLS where that is a certificate';

/** What an answer other than success means. A write that met a failing server may have been obeyed all the same. */
export function refusalOf(refusal: Refusal): EdgeError {
  const { verb, status } = refusal;
  const isWrite = verb === 'patch' || verb === 'update';
  return new EdgeError({
    class: 'passing',
    backoff: PASSING,
    effect: isWrite && status >= 500 ? 'unknown' : 'none',
    ...meaningOf(refusal, readStatus(refusal.text)),
  });
}

function meaningOf(refusal: Refusal, said: ApiStatus): Told {
  const { object, status } = refusal;
  const what = inWords(object);
  if (said.denied) return denied(what, said);
  switch (status) {
    case 401:
      return unauthorized(refusal);
    case 403:
      return forbidden(refusal, said);
    case 404:
      return said.reason === 'NotFound' ? missing(object) : strange(refusal, said);
    case 409:
      return { code: 'kube-conflict', message: `the ${what} was changed by somebody else meanwhile` };
    case 413:
      return tooLarge(what);
    case 422:
      return invalid(refusal, said);
    case 429:
      return { code: 'kube-busy', message: 'the API server is asked too much (HTTP 429)' };
    case 504:
      return {
        code: 'kube-timeout',
        message: `the API server gave up the ${refusal.verb} of the ${what} (HTTP 504)`,
      };
    default:
      return strange(refusal, said);
  }
}

function unauthorized({ lasting }: Refusal): Told {
  const advice =
    'the service account was deleted, or made anew (then restart the pod), or the token or client certificate has expired ' +
    'or is of another cluster';
  return {
    ...(lasting && { class: 'refused' }),
    code: 'kube-unauthorized',
    message: 'the API server does not accept our token or certificate (HTTP 401)',
    advice: lasting ? advice : WHILE_STARTING + advice,
  };
}

function forbidden({ verb, object, lasting }: Refusal, { user }: ApiStatus): Told {
  const who = user ?? 'this daemon';
  const right = `apiGroups ["${groupOf(object)}"], resources ["${object.resource}"], resourceNames ["${object.name}"], verbs ["${verb}"]`;
  const advice =
    user === 'system:anonymous'
      ? NOBODY
      : `a Role in namespace ${object.namespace} has to allow ${right}, and a RoleBinding there to give it to ${user ?? 'its service account'}`;
  return {
    ...(lasting && { class: 'refused' }),
    code: 'kube-forbidden',
    message: `${who} may not ${verb} the ${inWords(object)} (HTTP 403)`,
    advice: lasting ? advice : WHILE_STARTING + advice,
  };
}

function invalid(refusal: Refusal, said: ApiStatus): Told {
  const what = inWords(refusal.object);
  const isAbout = (reason: string) =>
    said.causes.some((cause) => cause.reason === reason && cause.field === 'data');
  if (isAbout('FieldValueTooLong')) return tooLarge(what);
  if (!isAbout('FieldValueForbidden')) return strange(refusal, said);
  return immutable(what);
}

function strange({ verb, object, status }: Refusal, { reason, causes }: ApiStatus): Told {
  const details = [reason, ...causes.map(({ field, reason: why }) => [field, why].filter(Boolean).join(' '))];
  const told = [`HTTP ${status}`, ...details.filter(Boolean)].join(', ');
  return {
    code: `kube-http-${status}`,
    message: `the API server did not ${verb} the ${inWords(object)}: ${told}`,
    ...(reason === undefined &&
      status < 500 && {
        advice: 'is that an API server? Look at its address, and at what stands in between',
      }),
    ...(status < 500 && { backoff: SLOW }),
  };
}

/** What is to be told of an answer; what it does not say is that of a passing fault. */
export type Told = Pick<Failure, 'code' | 'message'> & Partial<Pick<Failure, 'class' | 'advice' | 'backoff'>>;

/** For what a person has to change. */
const SLOW: Backoff = { ...PASSING, cap: 5 * MINUTE };

function missing(object: ObjectName): Told {
  const { resource, namespace, name } = object;
  const how =
    resource === 'secrets'
      ? `kubectl -n ${namespace} create secret generic ${name}`
      : 'apply the manifest of the Lease, without spec';
  return {
    code: 'kube-missing',
    message: `there is no ${inWords(object)}, or no namespace ${namespace}`,
    advice: `create it, empty (${how}): the daemon may not, since no Role can limit that to one name`,
  };
}

function denied(what: string, { policy }: ApiStatus): Told {
  return {
    class: 'refused',
    code: 'kube-denied',
    message: `a policy of the cluster denies the change of the ${what}: ${policy}`,
    advice: 'ask those who keep that policy to let the daemon change this object',
    backoff: SLOW,
  };
}

export function immutable(what: string): Told {
  return {
    class: 'refused',
    code: 'kube-immutable',
    message: `the ${what} is immutable`,
    advice: 'immutable cannot be taken back: delete the object and create it again without it',
    backoff: SLOW,
  };
}

export function tooLarge(what: string): Told {
  return {
    class: 'refused',
    code: 'kube-too-large',
    message: `the ${what} would be larger than the 1 MiB that a Secret can hold`,
    advice: 'publish some of the credentials to another Secret, and remove keys that nobody needs',
    backoff: SLOW,
  };
}

/**
 * What an API server says of a request that it did not fulfil (`meta/v1` Status), as far as it may be repeated. Its
 * `message` is not: that of a 422 can hold a whole Secret in base64.
 */
export interface ApiStatus {
  /** `Conflict`, `Forbidden` …; absent where something else answered. */
  readonly reason?: string;
  /** What is wrong where: `data`, with `FieldValueForbidden`. */
  readonly causes: readonly { readonly reason?: string; readonly field?: string }[];
  /** As whom we were refused, where it says so. */
  readonly user?: string;
  /** The policy or webhook that denied it. */
  readonly policy?: string;
  readonly denied: boolean;
}

/** Longer ones are no words. */
const WORD = /^[\w.[\]-]{1,128}$/;

function readStatus(text: string): ApiStatus {
  const status = asRecord(parseJson(text));
  const message = typeof status['message'] === 'string' ? status['message'] : '';
  const reason = wordOf(status['reason']);
  const causes = asRecord(status['details'])['causes'];
  const [, user] = /\bUser "([\w.:@-]{1,256})" cannot /.exec(message) ?? [];
  const [, policy, webhook = policy] =
    /\bValidatingAdmissionPolicy '([a-z0-9.-]{1,253})'|\badmission webhook "([a-z0-9.-]{1,253})"/.exec(
      message,
    ) ?? [];
  return {
    ...(reason !== undefined && { reason }),
    causes: Array.isArray(causes) ? causes.map(readCause) : [],
    ...(user !== undefined && { user }),
    ...(webhook !== undefined && { policy: webhook }),
    denied: webhook !== undefined && /\bdenied\b/.test(message),
  };
}

function readCause(cause: unknown): ApiStatus['causes'][number] {
  const { reason, field } = asRecord(cause);
  const [why, where] = [wordOf(reason), wordOf(field)];
  return { ...(why !== undefined && { reason: why }), ...(where !== undefined && { field: where }) };
}

function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && WORD.test(value) ? value : undefined;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A starting API server refuses correct Roles (403), and one that has lost its caches correct tokens (401); a revoked
 * token lives on for ten seconds. What has lasted for so long is meant, ms.
 */
const GRACE = 30 * SECOND;

/** Remembers since when what has been refused. */
export interface Grace {
  /** @returns whether it has been refused for long enough to be believed */
  refused(what: string): boolean;
  accepted(what: string): void;
}

export function createGrace(clock: Clock): Grace {
  const since = new Map<string, number>();
  return {
    refused(what) {
      const now = clock.now().monotonic;
      const first = since.get(what) ?? now;
      since.set(what, first);
      return now - first >= GRACE;
    },
    accepted(what) {
      since.delete(what);
    },
  };
}
