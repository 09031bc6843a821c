import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { parseJson, sha256 } from '../../codec/encoding.ts';
import { Generation } from '../../codec/record.ts';
import type { PeerRequest } from '../../core/ports.ts';
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
  /** SHA-256, in hex, of a token that is doubted. */
  refused: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  /** Who doubts it; absent: a reader. */
  by: v.exactOptional(v.picklist(['platform', 'hint'])),
});

/** A request that followers forward to the leader. It holds no secrets. */
export type Request = v.InferOutput<typeof Stored>;

interface Mailbox {
  readonly cache: SecretCache;
  readonly kubernetes: Pick<Kubernetes, 'inTurn'>;
  readonly annotation: string;
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
  await change(mailbox, (text) => {
    const before = readRequest(text);
    const after = merged(before, request);
    return before && isSame(before, after)
      ? undefined
      : { [mailbox.annotation]: JSON.stringify({ ...after, id }) };
  });
}

/**
 * Removes the request from the Secret and returns it.
 * @returns undefined when there is none, or none that can be read
 * @throws {EdgeError} when the Secret cannot be read or written
 */
export async function takeRequest(mailbox: Mailbox): Promise<Request | undefined> {
  let taken: Request | undefined;
  await change(mailbox, (text) => {
    if (text === undefined) return undefined;
    taken = readRequest(text);
    return { [mailbox.annotation]: null };
  });
  return taken;
}

/**
 * Changes the annotation by compare-and-set, so that daemons that do so at the same time do not overwrite each other.
 * The Secret's turn is held for one attempt, never for the time between two.
 */
async function change(
  { cache, kubernetes, annotation }: Mailbox,
  decide: (text: string | undefined) => Readonly<Record<string, string | null>> | undefined,
): Promise<void> {
  await kubernetes.inTurn(cache.object, () =>
    compareAndSet<StoredSecret, Patch, 'done'>({
      known: () => cache.now() ?? cache.refresh(),
      reread: cache.reread,
      decide({ metadata }) {
        const annotations = decide(metadata.annotations?.[annotation]);
        return annotations ? { write: { metadata: { annotations } } } : { leave: 'done' };
      },
      write: (patch, { metadata }) => cache.patch(metadata.resourceVersion, patch),
      mostTries: MOST_TRIES,
    }),
  );
}

function merged(before: Request | undefined, request: PeerRequest): Omit<Request, 'id'> {
  const { refresh, refused, by } = before ?? {};
  if (request.kind === 'doubt') {
    return {
      ...(refresh && { refresh }),
      refused: sha256(request.token.value.reveal()),
      ...(request.by !== 'reader' && { by: request.by }),
    };
  }
  const { strength, generation } = request;
  return {
    refresh: {
      strength: stronger(strength, refresh?.strength ?? 'ordinary'),
      generation: Math.max(generation, refresh?.generation ?? 0),
    },
    ...(refused !== undefined && { refused }),
    ...(by && { by }),
  };
}

function isSame({ refresh, refused, by }: Request, other: Omit<Request, 'id'>): boolean {
  return (
    refused === other.refused &&
    by === other.by &&
    refresh?.strength === other.refresh?.strength &&
    refresh?.generation === other.refresh?.generation
  );
}

function readRequest(text: string | undefined): Request | undefined {
  if (text === undefined) return undefined;
  try {
    const { success, output } = v.safeParse(Stored, parseJson(text));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}
