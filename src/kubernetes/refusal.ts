import { EdgeError, PASSING } from '../core/failure.ts';
import { denied, immutable, missing, SLOW, type Told, tooLarge } from './remedies.ts';
import { groupOf, inWords, type ObjectName } from './resources.ts';
import { type ApiStatus, readStatus } from './status.ts';

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
