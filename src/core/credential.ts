import { EdgeError, PASSING } from './failure.ts';
import type { Listed } from './listing.ts';
import type { Grant } from './record.ts';
import { Secret } from './secret.ts';
import { en, type Text, zh } from './text.ts';
import { DAY, SECOND } from './time.ts';

/** What a file holds: `token`, or a ticket by its name (see `providers/tickets.ts`). A ticket has a life of its own. */
export type Kind = string;

/** What the platform handed out: a value and the life it gave it. */
export interface Answer {
  readonly value: Secret;
  /** Seconds, as the platform gave them. */
  readonly expiresIn: number;
  /** The platform's own `Date`, epoch ms, where the answer carried one. */
  readonly platformDate?: number;
}

/**
 * What the platform handed out for a fetch: of an account that has authorised a third party also what it granted, of a
 * list the accounts.
 */
export interface Fetched extends Answer {
  readonly grant?: Grant;
  readonly listed?: Listed;
}

/** Milliseconds since a machine's start of that name. */
export interface BootTime {
  readonly boot: string;
  readonly at: number;
}

/** A credential as it is stored, compared and published. */
export interface Token extends Answer {
  /**
   * Start of the request that brought it, epoch ms on the wall clock of the daemon that made it; of a ticket the
   * earliest moment at which it can have been made.
   */
  readonly issuedAt: number;
  /** The same moment on the monotonic clock, for those who run on the same start of the same machine. */
  readonly bootTime?: BootTime;
  /** `issuedAt` plus `expiresIn`, epoch ms: never later than the platform's own end. */
  readonly expiresAt: number;
  /** Only the longest life that it can have is known: how much of it was over when it was met is not. */
  readonly unwitnessed?: true;
  /** It came while the token before it was alive, which readers may hold for a while after that. */
  readonly replaced?: true;
  /** The generation of the record that brought this token or last corrected its end. */
  readonly generation: number;
}

/** Visible ASCII that no shell, PHP or HTML reader can trip over: anything else is not a credential. */
const PLAUSIBLE_VALUE = /^[!#%&()*+,\-./0-9:;=>?@A-Z[\]^_a-z{|}~]{16,4096}$/;

/** WeChat documents "a value within 7200" seconds and reserves changes; a day is beyond any of them. */
const LONGEST_LIFE = DAY / SECOND;

/** Whether a text may be a token, a ticket or a code: no other is ever stored, published or sent. */
export function isPlausible(value: unknown): value is string {
  return typeof value === 'string' && PLAUSIBLE_VALUE.test(value);
}

/** The fields in which platforms answer with a token or a ticket. */
export type AnswerField =
  | 'access_token'
  | 'ticket'
  | 'component_access_token'
  | 'authorizer_access_token'
  | 'suite_access_token'
  | 'provider_access_token';

/**
 * Reads a success out of a platform's JSON answer.
 * @param field that holds the value, such as `access_token`
 * @throws {EdgeError} `odd-answer` for everything that must never be published: no such value, a value of the
 *   wrong length or alphabet, a missing, zero, negative or fantastic life. Digits in a string pass as a number,
 *   since real platforms have sent them.
 */
export function readAnswer(body: unknown, field: AnswerField): Pick<Answer, 'value' | 'expiresIn'> {
  if (typeof body !== 'object' || body === null)
    throw oddAnswer({ en: 'is not a JSON object', zh: '不是 JSON 对象' });
  const { [field]: value, expires_in: life } = body as Record<string, unknown>;
  if (typeof value !== 'string') throw oddAnswer({ en: `has no ${field}`, zh: `没有 ${field}` });
  if (!isPlausible(value))
    throw oddAnswer({
      en: `has an ${field} of a length or alphabet that cannot be one`,
      zh: `里的 ${field} 长度或字符不可能是真的`,
    });
  const expiresIn = typeof life === 'string' && /^\d{1,9}$/.test(life) ? Number(life) : life;
  if (typeof expiresIn !== 'number' || !Number.isFinite(expiresIn))
    throw oddAnswer({ en: 'has no expires_in', zh: '没有 expires_in' });
  if (expiresIn <= 0)
    throw oddAnswer({
      en: `has an expires_in of ${expiresIn}: the ${field} is dead already`,
      zh: `里的 expires_in 是 ${expiresIn}：这个 ${field} 已经失效`,
    });
  if (expiresIn > LONGEST_LIFE)
    throw oddAnswer({
      en: `has an expires_in of ${expiresIn} seconds, longer than a day`,
      zh: `里的 expires_in 是 ${expiresIn} 秒，超过一天`,
    });
  return { value: new Secret(value), expiresIn };
}

/** A 200 that is no credential: the platform may or may not have acted. */
export function oddAnswer(what: Text): EdgeError {
  return new EdgeError({
    class: 'passing',
    code: 'odd-answer',
    message: { en: en`the platform's answer ${what}`, zh: zh`平台的应答${what}` },
    advice: {
      en: 'nothing was published; if it lasts, look at what stands between this host and the platform (proxy, portal)',
      zh: '没有发布任何内容；如果持续出现，检查本机与微信之间的中间环节（代理、认证门户）',
    },
    effect: 'unknown',
    backoff: PASSING,
  });
}
