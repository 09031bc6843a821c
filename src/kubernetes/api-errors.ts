import { type Backoff, EdgeError, type FailureTexts, PASSING } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import { en, joined, type Text, verbatim, zh } from '../core/text.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import { type Admission, admissionFailure, admissionIn, HANGING_WEBHOOK } from './admission.ts';
import { IS_IT_ONE } from './read-object.ts';
import { groupOf, type ObjectName, objectLabel } from './resources.ts';

/** Verbs of RBAC rules that the daemon uses. */
export type Verb = 'get' | 'patch' | 'update' | 'watch';

/** A request and the API server's refusal of it. */
export interface Refusal {
  readonly verb: Verb;
  readonly object: ObjectName;
  readonly status: number;
  readonly text: string;
  /**
   * Whether this refusal has persisted for 30 s: an API server that is starting refuses every caller for a moment.
   */
  readonly lasting: boolean;
}

/**
 * Put before the advice of a refusal that may be transient: at start-up it usually passes by itself, and an
 * operator who has just repaired the cause waits to see it pass.
 */
const WHILE_STARTING: Text = {
  en: 'an API server that is starting says so for a moment; should it last 30 s: ',
  zh: '正在启动的 API server 会短暂地这样应答；如果持续 30 秒：',
};

const ANONYMOUS_ADVICE: Text = {
  en:
    'nobody was known by what was sent: the user of the kubeconfig needs a token, tokenFile or client certificate of this ' +
    'cluster, and nothing in between may end TLS where that is a certificate',
  zh:
    '凭发送的内容认不出是谁：kubeconfig 的用户需要这个集群的 token、tokenFile 或客户端证书；' +
    '如果是证书，中间环节不能终止 TLS',
};

/** Advice for a refusal, which may be that of an API server that is starting. */
function adviceFor({ lasting }: Refusal, advice: Text): Text {
  return lasting ? advice : joined([WHILE_STARTING, advice], verbatim(''));
}

/**
 * Converts a response other than success into an error.
 * @returns an error whose `effect` is `unknown` for a write that met a failing server (5xx), because the server may
 *   have executed it nevertheless; not for one that a webhook kept out, since it is asked before anything is stored
 */
export function apiError(refusal: Refusal): EdgeError {
  const { status } = refusal;
  const said = readStatus(refusal.text);
  return new EdgeError({
    class: 'passing',
    backoff: PASSING,
    effect: isWrite(refusal) && status >= 500 && !said.admission ? 'unknown' : 'none',
    ...meaningOf(refusal, said),
  });
}

const isWrite = ({ verb }: Refusal) => verb === 'patch' || verb === 'update';

function meaningOf(refusal: Refusal, said: ApiStatus): FailureDetails {
  const { object, status } = refusal;
  const what = objectLabel(object);
  if (said.admission) return admissionFailure(what, said.admission);
  switch (status) {
    case 401:
      return unauthorized(refusal);
    case 403:
      return forbidden(refusal, said);
    case 404:
      return said.reason === 'NotFound' ? missing(object) : unexpected(refusal, said);
    case 409:
      return {
        code: 'kube-conflict',
        message: { en: `the ${what} was changed by somebody else meanwhile`, zh: `${what} 同时被别人更改了` },
      };
    case 413:
      return tooLarge(what);
    case 422:
      return invalid(refusal, said);
    case 429:
      return {
        code: 'kube-busy',
        message: {
          en: 'the API server is asked too much (HTTP 429)',
          zh: 'API server 的请求太多（HTTP 429）',
        },
      };
    case 504:
      return {
        code: 'kube-timeout',
        message: {
          en: `the API server gave up the ${refusal.verb} of the ${what} (HTTP 504)`,
          zh: `API server 放弃了对 ${what} 的 ${refusal.verb}（HTTP 504）`,
        },
        ...(isWrite(refusal) && { advice: HANGING_WEBHOOK }),
      };
    default:
      return unexpected(refusal, said);
  }
}

function unauthorized(refusal: Refusal): FailureDetails {
  const { lasting } = refusal;
  const advice: Text = {
    en:
      'the service account was deleted, or made anew (then restart the pod), or the token or client certificate has expired ' +
      'or is of another cluster',
    zh: '服务账号被删除，或重建过（这时重启 Pod），或者 token 或客户端证书已过期，或属于另一个集群',
  };
  return {
    ...(lasting && { class: 'refused' }),
    code: 'kube-unauthorized',
    message: {
      en: 'the API server does not accept our token or certificate (HTTP 401)',
      zh: 'API server 不接受我们的 token 或证书（HTTP 401）',
    },
    advice: adviceFor(refusal, advice),
  };
}

function forbidden(refusal: Refusal, { user }: ApiStatus): FailureDetails {
  const { verb, object, lasting } = refusal;
  const who: Text = user === undefined ? { en: 'this daemon', zh: '本守护进程' } : verbatim(user);
  const right = `apiGroups ["${groupOf(object)}"], resources ["${object.resource}"], resourceNames ["${object.name}"], verbs ["${verb}"]`;
  const whom: Text = user === undefined ? { en: 'its service account', zh: '它的服务账号' } : verbatim(user);
  const advice: Text =
    user === 'system:anonymous'
      ? ANONYMOUS_ADVICE
      : {
          en: en`are the name ${object.name} and the namespace ${object.namespace} spelt right? A Role with resourceNames forbids every other name, whether or not there is such an object; if they are, a Role in namespace ${object.namespace} has to allow ${right}, and a RoleBinding there to give it to ${whom}`,
          zh: zh`名称 ${object.name} 和命名空间 ${object.namespace} 写对了吗？带 resourceNames 的 Role 禁止其他一切名称，无论对象是否存在；如果写对了，命名空间 ${object.namespace} 里要有 Role 允许 ${right}，并有 RoleBinding 把它授予 ${whom}`,
        };
  return {
    ...(lasting && { class: 'refused' }),
    code: 'kube-forbidden',
    message: {
      en: en`${who} may not ${verb} the ${objectLabel(object)} (HTTP 403)`,
      zh: zh`${who} 无权对 ${objectLabel(object)} 执行 ${verb}（HTTP 403）`,
    },
    advice: adviceFor(refusal, advice),
  };
}

function invalid(refusal: Refusal, said: ApiStatus): FailureDetails {
  const what = objectLabel(refusal.object);
  const isAbout = (reason: string) =>
    said.causes.some((cause) => cause.reason === reason && cause.field === 'data');
  if (isAbout('FieldValueTooLong')) return tooLarge(what);
  if (!isAbout('FieldValueForbidden')) return unexpected(refusal, said);
  return immutable(what);
}

function unexpected({ verb, object, status }: Refusal, { reason, causes }: ApiStatus): FailureDetails {
  const details = [reason, ...causes.map(({ field, reason: why }) => [field, why].filter(Boolean).join(' '))];
  const summary = [`HTTP ${status}`, ...details.filter(Boolean)].join(', ');
  return {
    code: `kube-http-${status}`,
    message: {
      en: `the API server did not ${verb} the ${objectLabel(object)}: ${summary}`,
      zh: `API server 没有对 ${objectLabel(object)} 执行 ${verb}：${summary}`,
    },
    ...(reason === undefined && status < 500 && { advice: IS_IT_ONE }),
    ...(status < 500 && { backoff: SLOW }),
  };
}

/** What differs between refusals; fields that are absent have the value of a passing fault. */
export type FailureDetails = Pick<FailureTexts, 'code' | 'message'> &
  Partial<Pick<FailureTexts, 'class' | 'advice' | 'backoff'>>;

/** For refusals that only an operator can resolve. */
const SLOW: Backoff = { ...PASSING, cap: 5 * MINUTE };

function missing(object: ObjectName): FailureDetails {
  const { resource, namespace, name } = object;
  const how: Text =
    resource === 'secrets'
      ? verbatim(`kubectl -n ${namespace} create secret generic ${name}`)
      : { en: 'apply the manifest of the Lease, without spec', zh: '应用 Lease 的清单，不带 spec' };
  return {
    code: 'kube-missing',
    message: {
      en: `there is no ${objectLabel(object)}, or no namespace ${namespace}`,
      zh: `没有 ${objectLabel(object)}，或没有命名空间 ${namespace}`,
    },
    advice: {
      en: en`create it, empty (${how}): the daemon may not, since no Role can limit that to one name`,
      zh: zh`创建它，内容为空（${how}）：守护进程不能自己创建，因为 Role 无法把这项权限限定在一个名称上`,
    },
  };
}

/**
 * Failure details for a write to an immutable Secret.
 * @param what the object, as {@link objectLabel} names it
 */
export function immutable(what: string): FailureDetails {
  return {
    class: 'refused',
    code: 'kube-immutable',
    message: { en: `the ${what} is immutable`, zh: `${what} 不可变更` },
    advice: {
      en: 'immutable cannot be taken back: delete the object and create it again without it',
      zh: 'immutable 无法撤销：删除该对象，重新创建，不带 immutable',
    },
    backoff: SLOW,
  };
}

/**
 * Failure details for a write that would exceed the size limit of a Secret.
 * @param what the object, as {@link objectLabel} names it
 */
export function tooLarge(what: string): FailureDetails {
  return {
    class: 'refused',
    code: 'kube-too-large',
    message: {
      en: `the ${what} would be larger than the 1 MiB that a Secret can hold`,
      zh: `${what} 将超过 Secret 的上限 1 MiB`,
    },
    advice: {
      en: 'publish some of the credentials to another Secret, and remove keys that nobody needs',
      zh: '把一部分凭据发布到另一个 Secret，并删除没有人需要的键',
    },
    backoff: SLOW,
  };
}

/**
 * The parts of an API server's error response (`meta/v1` Status) that may be repeated in a message. Its own
 * `message` may not: that of a 422 can contain a whole Secret in base64.
 */
export interface ApiStatus {
  /** `Conflict`, `Forbidden` …; absent when something other than an API server responded. */
  readonly reason?: string;
  /** Fields that are invalid, and why: `data`, with `FieldValueForbidden`. */
  readonly causes: readonly { readonly reason?: string; readonly field?: string }[];
  /** The user that the API server refused, if it names one. */
  readonly user?: string;
  /** The policy or webhook that kept the write out. */
  readonly admission?: Admission;
}

/** Anything longer is not a machine-readable word. */
const WORD = /^[\w.[\]-]{1,128}$/;

function readStatus(text: string): ApiStatus {
  const status = asRecord(parseJson(text));
  const message = typeof status['message'] === 'string' ? status['message'] : '';
  const reason = wordOf(status['reason']);
  const causes = asRecord(status['details'])['causes'];
  const [, user] = /\bUser "([\w.:@-]{1,256})" cannot /.exec(message) ?? [];
  const admission = admissionIn(message);
  return {
    ...(reason !== undefined && { reason }),
    causes: Array.isArray(causes) ? causes.map(readCause) : [],
    ...(user !== undefined && { user }),
    ...(admission && { admission }),
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
 * How long (ms) a refusal must persist before the daemon believes it. An API server that is starting refuses
 * correct Roles (403), and one that has lost its caches refuses correct tokens (401). A revoked token, in turn,
 * works for another ten seconds.
 */
const DEBOUNCE = 30 * SECOND;

/** Remembers since when each kind of request has been refused. */
export interface RefusalDebounce {
  /**
   * Records a refusal.
   * @param what key of the kind of request
   * @returns whether it has been refused for long enough to be believed
   */
  refused(what: string): boolean;
  /** Forgets earlier refusals of this kind of request. */
  accepted(what: string): void;
}

/** Creates the memory of refusals; it measures {@link DEBOUNCE} by the monotonic clock. */
export function createRefusalDebounce(clock: Clock): RefusalDebounce {
  const since = new Map<string, number>();
  return {
    refused(what) {
      const now = clock.now().monotonic;
      const first = since.get(what) ?? now;
      since.set(what, first);
      return now - first >= DEBOUNCE;
    },
    accepted(what) {
      since.delete(what);
    },
  };
}
