import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { fromBase64, parseJson, sha256, toBase64 } from '../../codec/encoding.ts';
import { Generation } from '../../codec/record.ts';
import { isPlausible } from '../../core/credential.ts';
import type { PeerRequest } from '../../core/ports.ts';
import { Secret } from '../../core/secret.ts';
import type { AuthorisationCode } from '../../core/state/authorisation.ts';
import { stronger } from '../../core/state/request.ts';
import type { Patch } from '../../kubernetes/client.ts';
import { compareAndSet } from '../../kubernetes/compare-and-set.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import type { SecretCache, StoredSecret } from './secret-cache.ts';

const Refresh = v.object({
  strength: v.picklist(['ordinary', 'preferred', 'forced']),
  /** Generation of the token that is to be replaced. */
  generation: Generation,
});

const Stored = v.object({
  id: v.pipe(v.string(), v.maxLength(64)),
  refresh: v.exactOptional(Refresh),
  /** SHA-256, in hex, of a token that a reader reports as refused. */
  refused: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  /** The mark of an authorisation code that is to be exchanged. The code itself is in `data`. */
  authorised: v.exactOptional(v.pipe(v.string(), v.maxLength(64))),
});

/** What an annotation holds of a request: nothing secret. */
type Note = v.InferOutput<typeof Stored>;

/** A request that followers forward to the leader. */
export interface Request extends Omit<Note, 'authorised'> {
  readonly code?: AuthorisationCode;
}

interface Mailbox {
  readonly cache: SecretCache;
  readonly kubernetes: Pick<Kubernetes, 'inTurn'>;
  readonly annotation: string;
  /** The key of `data` for an authorisation code. */
  readonly code: string;
}

/** Conflicts in a row after which a change is given up for now. */
const MOST_TRIES = 20;

/**
 * Leaves a request in the Secret for the leader, merged with a request that is already there; one that adds nothing
 * is not written.
 * @throws {EdgeError} when the Secret cannot be read or written
 */
export async function leaveRequest(request: PeerRequest, mailbox: Mailbox): Promise<void> {
  const id = randomUUID();
  const code = request.kind === 'authorisation' ? request.code.value.reveal() : undefined;
  await change(mailbox, ({ metadata }) => {
    const before = readNote(metadata.annotations?.[mailbox.annotation]);
    const after = merged(before, request);
    if (before && isSame(before, after)) return undefined;
    const annotations = { [mailbox.annotation]: JSON.stringify({ ...after, id }) };
    // Nothing secret is in an annotation.
    return {
      metadata: { annotations },
      ...(code !== undefined && { data: { [mailbox.code]: toBase64(code) } }),
    };
  });
}

/**
 * Removes the request from the Secret and returns it.
 * @returns undefined when there is none, or none that can be read
 * @throws {EdgeError} when the Secret cannot be read or written
 */
export async function takeRequest(mailbox: Mailbox): Promise<Request | undefined> {
  let taken: Request | undefined;
  await change(mailbox, ({ data, metadata }) => {
    const text = metadata.annotations?.[mailbox.annotation];
    if (text === undefined) return undefined;
    const kept = data?.[mailbox.code];
    taken = requestOf(readNote(text), kept);
    return {
      metadata: { annotations: { [mailbox.annotation]: null } },
      ...(kept !== undefined && { data: { [mailbox.code]: null } }),
    };
  });
  return taken;
}

/** @param kept the authorisation code, in base64 */
function requestOf(note: Note | undefined, kept: string | undefined): Request | undefined {
  if (!note) return undefined;
  const { authorised: mark, ...request } = note;
  const code = kept === undefined ? '' : fromBase64(kept);
  return {
    ...request,
    ...(mark !== undefined && isPlausible(code) && { code: { value: new Secret(code), mark } }),
  };
}

/**
 * Changes the annotation by compare-and-set, so that daemons that do so at the same time do not overwrite each other.
 * The Secret's turn is held for one attempt, never for the time between two.
 */
async function change(
  { cache, kubernetes }: Mailbox,
  decide: (secret: StoredSecret) => Patch | undefined,
): Promise<void> {
  await kubernetes.inTurn(cache.object, () =>
    compareAndSet<StoredSecret, Patch, 'done'>({
      known: () => cache.now() ?? cache.refresh(),
      reread: cache.reread,
      decide(secret) {
        const write = decide(secret);
        return write ? { write } : { leave: 'done' };
      },
      write: (patch, { metadata }) => cache.patch(metadata.resourceVersion, patch),
      mostTries: MOST_TRIES,
    }),
  );
}

function merged(before: Note | undefined, request: PeerRequest): Omit<Note, 'id'> {
  const { refresh, refused, authorised } = before ?? {};
  const code = authorised !== undefined && { authorised };
  if (request.kind === 'refusal') {
    return { ...(refresh && { refresh }), ...code, refused: sha256(request.token.value.reveal()) };
  }
  if (request.kind === 'authorisation') {
    const others = { ...(refresh && { refresh }), ...(refused !== undefined && { refused }) };
    return { ...others, authorised: request.code.mark };
  }
  const { strength, generation } = request;
  return {
    ...code,
    refresh: {
      strength: stronger(strength, refresh?.strength ?? 'ordinary'),
      generation: Math.max(generation, refresh?.generation ?? 0),
    },
    ...(refused !== undefined && { refused }),
  };
}

function isSame({ refresh, refused, authorised }: Note, other: Omit<Note, 'id'>): boolean {
  return (
    refused === other.refused &&
    authorised === other.authorised &&
    refresh?.strength === other.refresh?.strength &&
    refresh?.generation === other.refresh?.generation
  );
}

function readNote(text: string | undefined): Note | undefined {
  if (text === undefined) return undefined;
  try {
    const { success, output } = v.safeParse(Stored, parseJson(text));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}
