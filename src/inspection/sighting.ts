import { type Failure, PASSING } from '../core/failure.ts';
import { UNREADABLE } from '../operations/target-status.ts';
import { readRegularFile } from '../system/read-regular-file.ts';

/** A file as it lies there. */
export type Sighting =
  | { readonly kind: 'content'; readonly text: string }
  | { readonly kind: 'unseen'; readonly failure: Failure };

/** Bytes: several times what the longest token takes in any format. */
const LARGEST = 64 * 1024;

export const AS_DAEMON = "look as the daemon's user, or as a member of the file's group";

const DENIED: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM']);
const ABSENT: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR']);

/** Looks at a published file as any reader would, except that a link is none of ours. */
export async function sight(path: string): Promise<Sighting> {
  try {
    const { text } = await readRegularFile(path, LARGEST);
    return { kind: 'content', text };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (ABSENT.has(code)) return unseen('missing', `${path} is not there`);
    const why = code === 'ELOOP' ? 'a symbolic link' : (code ?? message);
    return unseen(UNREADABLE, `cannot read ${path} (${why})`, DENIED.has(code) ? AS_DAEMON : undefined);
  }
}

export function unseen(
  code: string,
  message: string,
  advice?: string,
): Extract<Sighting, { kind: 'unseen' }> {
  const what = { class: 'passing', code, message, effect: 'none', backoff: PASSING } as const;
  return { kind: 'unseen', failure: { ...what, ...(advice && { advice }) } };
}
