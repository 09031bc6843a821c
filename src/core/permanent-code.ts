/**
 * The permanent codes of corps that have installed a suite of WeCom. An authorisation code brings one, once, and nobody can
 * list them: so each is kept for good before anything else is done with it.
 */
import { EdgeError, PASSING } from './failure.ts';
import type { Secret } from './secret.ts';

export interface PermanentCode {
  /** As the platform wrote it: upper and lower case count. */
  readonly corpId: string;
  readonly value: Secret;
  /** Epoch ms: when it was got. Of two of one corp the later one counts. */
  readonly exchangedAt: number;
  /** The mark of the authorisation code that brought it. */
  readonly mark: string;
  /** Marks of the permanent codes of this corp before it, newest first: who holds one of those has what is old. */
  readonly former: readonly string[];
}

/** What has come of an exchange: which corp it is, and its permanent code. */
export type ObtainedCode = Pick<PermanentCode, 'corpId' | 'value'>;

/** Most marks of former codes that are known of a corp. */
const MOST_FORMER = 2;

/** Stands for the id of a corp in the path of its file. */
export const CORP_ID = '{corpId}';

/** The path of a corp's file. */
export function codeFileOf(template: string, corpId: string): string {
  return template.replace(CORP_ID, () => corpId);
}

/**
 * Whether a text can be the id of a corp. It becomes part of a path: nothing but letters, digits, `-` and `_` may be in it, of
 * which the ids of all known platforms are made.
 */
export function isCorpId(text: unknown): text is string {
  return typeof text === 'string' && /^[\w-]{1,64}$/.test(text);
}

/** Puts together what is known of several places: of each corp the code that was got last. */
export function newestCodes(...known: readonly (readonly PermanentCode[])[]): readonly PermanentCode[] {
  const newest = new Map<string, PermanentCode>();
  for (const code of known.flat()) {
    const other = newest.get(code.corpId);
    if (!other || code.exchangedAt > other.exchangedAt) newest.set(code.corpId, code);
  }
  return [...newest.values()];
}

/**
 * Adds the code that has been got now. It takes the place of the one before, whatever the clocks of those say that got them:
 * one daemon exchanges at a time.
 * @param markOf names a permanent code without revealing it
 */
export function withPermanentCode(
  known: readonly PermanentCode[],
  { corpId, value, mark }: Pick<PermanentCode, 'corpId' | 'value' | 'mark'>,
  now: number,
  markOf: (code: Secret) => string,
): { readonly write: readonly PermanentCode[]; readonly code: PermanentCode } | { readonly leave: 'known' } {
  const before = known.find((one) => one.corpId === corpId);
  if (before?.mark === mark && before.value.equals(value)) return { leave: 'known' };
  const isOther = before !== undefined && !before.value.equals(value);
  const former = isOther ? [markOf(before.value), ...before.former] : (before?.former ?? []);
  const code = {
    ...{ corpId, value, mark },
    exchangedAt: Math.max(now, before === undefined ? now : before.exchangedAt + 1),
    former: former.filter((one) => one !== markOf(value)).slice(0, MOST_FORMER),
  };
  return { code, write: [...known.filter((one) => one !== before), code] };
}

/** Why the permanent code of another corp cannot be kept. @param where they are, for people */
export function tooManyCorps(where: string, most: number): EdgeError {
  return new EdgeError({
    ...{ class: 'passing', code: 'too-many-permanent-codes', effect: 'unsent', backoff: PASSING },
    message: {
      en: `the permanent codes of ${most} corps are kept in ${where} already`,
      zh: `${where} 里已保存 ${most} 个企业的永久授权码`,
    },
    advice: {
      en: 'remove those of corps that are gone, as docs/third-parties.md says; the code waits for that for its 10 minutes',
      zh: '按 docs/third-parties.md 的说明删除已离开企业的永久授权码；授权码在 10 分钟有效期内等待',
    },
  });
}
