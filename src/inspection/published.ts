import type { FileTargetConfig } from '../config/config.ts';
import type { Token } from '../core/credential.ts';
import type { Event } from '../core/event.ts';
import type { Policy } from '../core/policy.ts';
import { after, type Deadline, type Instant } from '../core/time.ts';
import { filesOf, idOf } from '../publishers/file.ts';
import { type FormatName, formats, type Subject } from '../publishers/formats.ts';
import { type Expected, tokenIn } from './details.ts';
import { type Sighting, sight, unseen } from './sighting.ts';

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

export async function seeTarget(target: FileTargetConfig, expected: Expected): Promise<SeenTarget> {
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
