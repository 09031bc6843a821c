import { decodeDetails, type Subject, typeOf } from '../../codec/details.ts';
import type { Token } from '../../core/credential.ts';
import type { Event } from '../../core/events/event.ts';
import { type Failure, PASSING } from '../../core/failure.ts';
import type { Policy } from '../../core/policy.ts';
import { after, type Deadline, type Instant } from '../../core/time.ts';
import { UNREADABLE } from '../../observability/status/status.ts';
import { type FileTarget, filesOf, idOf } from '../../publishers/file.ts';
import { type FormatName, formats } from '../../publishers/formats.ts';
import { readRegularFile } from '../../system/fs/read-regular-file.ts';

/** One target with everything that lies there. */
export interface SeenTarget {
  readonly id: string;
  readonly files: readonly SeenFile[];
  /** The token that its details tell of. */
  readonly token?: Token;
}

interface SeenFile {
  readonly format: FormatName;
  readonly sighting: Sighting;
}

export async function seeTarget(target: FileTarget, expected: Expected): Promise<SeenTarget> {
  const files: SeenFile[] = [];
  let token: Token | undefined;
  // The file after its details, so that a change in between does not make the details look old.
  for (const { path, format } of filesOf(target)) {
    const sighting = await sight(path);
    const told =
      format === 'json' && sighting.kind === 'content' ? tokenIn(sighting.text, expected) : undefined;
    const isForeign = told === 'foreign';
    files.push({
      format,
      sighting: isForeign ? unseen('foreign', `${path} tells of another account or type`) : sighting,
    });
    if (!isForeign) token ??= told;
  }
  return { id: idOf(target), files, ...(token && { token }) };
}

/**
 * What there is to know of a target, as the daemon would have learnt it by publishing.
 * @param newest the newest token there is, where one is known
 */
export function eventOf(
  { id, files, token }: SeenTarget,
  newest: Token | undefined,
  subject: Subject,
  { overlap }: Policy,
  now: Instant,
): Event {
  // Without details the value itself is still there: which token it is nobody can tell.
  const counted = newest ? files : files.slice(-1);
  const [gone] = counted
    .flatMap(({ sighting }) => (sighting.kind === 'unseen' ? [sighting.failure] : []))
    // What is not there is worse than what we may not read.
    .sort((a, b) => Number(b.code === 'missing') - Number(a.code === 'missing'));
  if (gone) return { type: 'unpublished', target: id, failure: gone };
  if (!newest) return { type: 'published', target: id, generation: 0 };
  const { generation } = newest;
  if (files.every((file) => holds(file, newest, subject)))
    return { type: 'published', target: id, generation };
  return { type: 'published', target: id, generation: generation - 1, end: endOf(token, overlap, now) };
}

/** Of a token that is not the newest: it works for the overlap after its replacement at most. */
function endOf(token: Token | undefined, overlap: number, now: Instant): Deadline {
  return after(now, token ? token.expiresAt - now.wall : overlap);
}

/**
 * Whether a file holds this token. Its times may have been corrected since, so in all formats but the bare value that
 * counts alone.
 */
function holds({ format, sighting }: SeenFile, token: Token, subject: Subject): boolean {
  if (sighting.kind !== 'content') return false;
  const { text } = sighting;
  if (text === formats[format](token, subject)) return true;
  return format !== 'raw' && text.includes(token.value.reveal());
}

/** What the details should say; without type and AppID those of any credential. */
export type Expected = Pick<Subject, 'kind'> & Partial<Pick<Subject, 'type' | 'appId'>>;

/**
 * The token that the details of a published file tell of.
 * @returns `foreign` for those of another account or kind, undefined for what are no details
 */
function tokenIn(text: string, expected: Expected): Token | 'foreign' | undefined {
  try {
    const { token, appId, type } = decodeDetails(text);
    const isOurs = appId === (expected.appId ?? appId) && type === typeOf({ type, ...expected });
    return isOurs ? token : 'foreign';
  } catch {
    return undefined;
  }
}

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
async function sight(path: string): Promise<Sighting> {
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
