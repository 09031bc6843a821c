/**
 * The codes of authorisations that the platform pushes to a third party. A code is pushed once, works once, and brings the
 * token of the account that has authorised: so it is kept before the push is answered, until something has come of it.
 */
import { EdgeError, PASSING } from './failure.ts';
import type { Secret } from './secret.ts';
import { MINUTE } from './time.ts';
import { without } from './without.ts';

export interface PushedCode {
  /** Tells the code from any other, and reveals nothing of it. */
  readonly mark: string;
  /** The id of the account that has authorised; absent where only the exchange tells, as that of a corp. */
  readonly subject?: string;
  /** Absent once something has come of it: then it is known so that the same push is not acted upon again. */
  readonly value?: Secret;
  /** Epoch ms: when it arrived here. */
  readonly receivedAt: number;
}

/**
 * How long a code works, ms
 * (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/ThirdParty/token/authorization_info.html).
 */
export const CODE_LIFE = 10 * MINUTE;

/**
 * How old a push of a code may be by our clock, ms, which may differ from the platform's by ten minutes. A push that is
 * older is one that somebody has recorded, or a hint at best.
 */
export const OLDEST_PUSH = CODE_LIFE + 10 * MINUTE;

/** How long a code is known, ms: for as long as the same push may be taken for a new one. */
const REMEMBERED = OLDEST_PUSH + 10 * MINUTE;

/** Most codes that are known at a time. */
export const MOST_CODES = 100;

/** How long a code still works, ms by the wall clock. */
export function lifeOfCode({ receivedAt }: Pick<PushedCode, 'receivedAt'>, now: number): number {
  // Once the clock was set back, nobody knows how long ago it arrived: the platform does.
  return Math.min(CODE_LIFE, Math.max(0, receivedAt + CODE_LIFE - now));
}

/** Whether a code is to be kept at all: one of a day ago tells nothing any more. */
export function isRemembered({ receivedAt }: Pick<PushedCode, 'receivedAt'>, now: number): boolean {
  return Math.abs(now - receivedAt) < REMEMBERED;
}

/** Why another code cannot be kept. @param where they wait, for people */
export function tooManyCodes(where: string): EdgeError {
  return new EdgeError({
    ...{ class: 'passing', code: 'too-many-codes', effect: 'none', backoff: PASSING },
    message: {
      en: `${MOST_CODES} authorisation codes wait in ${where} already`,
      zh: `${where} 里已有 ${MOST_CODES} 个授权码在等待`,
    },
  });
}

/** What becomes of the codes that are kept. */
export type CodesChange<Left> =
  | { readonly write: readonly PushedCode[] }
  | {
      readonly leave: Left;
    };

/**
 * Another code has arrived. What something has come of gives way where there are too many.
 * @param where the codes are kept, for people
 * @throws {EdgeError} where too many wait for something to come of them
 */
export function putCode(known: readonly PushedCode[], code: PushedCode, where: string): CodesChange<'known'> {
  if (known.some(({ mark }) => mark === code.mark)) return { leave: 'known' };
  const waiting = known.filter(({ value }) => value !== undefined);
  if (waiting.length >= MOST_CODES) throw tooManyCodes(where);
  const settled = known.filter(({ value }) => value === undefined);
  const most = MOST_CODES - waiting.length - 1;
  return { write: [...(most > 0 ? settled.slice(-most) : []), ...waiting, code] };
}

/** Something has come of a code: from now on it is known without its value. */
export function settleCode(known: readonly PushedCode[], mark: string): CodesChange<'settled'> {
  const one = known.find((code) => code.mark === mark);
  if (!one?.value) return { leave: 'settled' };
  return { write: known.map((code) => (code === one ? without(one, 'value') : code)) };
}
