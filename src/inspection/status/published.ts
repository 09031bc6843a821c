import { type Details, decodeDetails, type Subject, typeOf } from '../../codec/details.ts';
import { epochSeconds } from '../../codec/encoding.ts';
import type { Token } from '../../core/credential.ts';
import { toldWith } from '../../core/failure.ts';
import { en, type Text, verbatim, zh } from '../../core/text.ts';
import type { Instant } from '../../core/time.ts';
import type { TargetError, TargetStatus } from '../../observability/status/status.ts';
import { filesOf, idOf } from '../../publishers/file.ts';
import type { FileTarget } from '../../publishers/file-target.ts';
import { formats } from '../../publishers/formats.ts';
import { readRegularFile } from '../../system/fs/read-regular-file.ts';

/** A target as a reader finds it. */
export interface Found {
  readonly id: string;
  /** Why a file of the target cannot be used. */
  readonly error?: TargetError;
  /** The token that the target's details describe and that its file holds. */
  readonly token?: Token;
}

/**
 * The credential whose token the target should hold. Only the source of a mirror knows the type and the appid of what
 * the mirror holds.
 */
export type Expected = Pick<Subject, 'name' | 'kind'> & Partial<Pick<Subject, 'type' | 'appId'>>;

/** Reads what a target holds. */
export async function look(target: FileTarget, expected: Expected): Promise<Found> {
  const id = idOf(target);
  const errors: TargetError[] = [];
  let details: Details | undefined;
  let last = '';
  // Read the file after its details, so that a change in between does not make the details look old.
  for (const { path, format } of filesOf(target)) {
    const { text, error } = await sight(path);
    if (error) errors.push(error);
    if (text === undefined) continue;
    last = text;
    const told = format === 'json' ? detailsIn(text) : undefined;
    if (told && isForeign(told, expected))
      errors.push({
        code: 'foreign',
        ...toldWith({
          message: {
            en: `${path} tells of another account or type`,
            zh: `${path} 属于另一个账号或类型`,
          },
        }),
      });
    else details ??= told;
  }
  // Report a missing file first, because that is worse than a file that we may not read. Otherwise report the error
  // of the file itself before that of its details, because readers ask for the file.
  const [error] = errors
    .toReversed()
    .toSorted((a, b) => Number(b.code === 'missing') - Number(a.code === 'missing'));
  if (error) return { id, error };
  if (!details) return { id };
  const { token, appId, type } = details;
  // The token's times may have been corrected since, so in all formats but the bare value it is enough that the file
  // contains the value.
  const content = formats[target.format](token, { ...expected, appId, type });
  return last === content || last.includes(token.value.reveal()) ? { id, token } : { id };
}

/** Returns the status of a target, judged only by the files found there. */
export function standingOf({ id, error, token }: Found, now: Instant): TargetStatus {
  if (error) return { id, state: error.code === UNREADABLE ? 'unreadable' : 'missing', error };
  if (!token) return { id, state: 'unknown' };
  const { age, expires_at, life_left } = timesOf(token, now);
  return { id, state: life_left > 0 ? 'fresh' : 'dead', age, expires_at, life_left };
}

/** Returns the times of a token as `status` reports them. */
export function timesOf({ issuedAt, expiresAt, expiresIn }: Token, { wall }: Instant) {
  return {
    issued_at: epochSeconds(issuedAt),
    expires_at: epochSeconds(expiresAt),
    expires_in: expiresIn,
    age: Math.max(0, epochSeconds(wall - issuedAt)),
    life_left: Math.max(0, epochSeconds(expiresAt - wall)),
  };
}

function detailsIn(text: string): Details | undefined {
  try {
    return decodeDetails(text);
  } catch {
    return undefined;
  }
}

function isForeign({ appId, type }: Details, expected: Expected): boolean {
  return appId !== (expected.appId ?? appId) || type !== typeOf({ type, ...expected });
}

/** Size limit in bytes: several times the size of the longest token in any format. */
const LARGEST = 64 * 1024;

export const AS_DAEMON: Text = {
  en: "look as the daemon's user, or as a member of the file's group",
  zh: '请以守护进程的用户查看，或以文件所属组的成员查看',
};

/** Error code for a file that is there and cannot be read. */
const UNREADABLE = 'unreadable';

const DENIED: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM']);
const ABSENT: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR']);

/**
 * Reads a published file as any reader would, except that it refuses a symbolic link, which is not one of our files.
 */
async function sight(path: string): Promise<{ readonly text?: string; readonly error?: TargetError }> {
  try {
    return { text: (await readRegularFile(path, LARGEST)).text };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (ABSENT.has(code)) {
      const absent: Text = { en: `${path} is not there`, zh: `${path} 不存在` };
      return { error: { code: 'missing', ...toldWith({ message: absent }) } };
    }
    const why: Text =
      code === 'ELOOP' ? { en: 'a symbolic link', zh: '是符号链接' } : verbatim(code ?? message);
    const said = { en: en`cannot read ${path} (${why})`, zh: zh`无法读取 ${path}（${why}）` };
    const advice = DENIED.has(code) ? { advice: AS_DAEMON } : {};
    return { error: { code: UNREADABLE, ...toldWith({ message: said, ...advice }) } };
  }
}
