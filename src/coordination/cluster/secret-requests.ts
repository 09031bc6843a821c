import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { parseJson, sha256 } from '../../codec/encoding.ts';
import { Generation } from '../../codec/record.ts';
import { failureOf } from '../../core/failure.ts';
import type { PeerRequest } from '../../core/ports.ts';
import { stronger } from '../../core/state/request.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import type { SecretCache } from './secret-cache.ts';

const Refresh = v.object({
  strength: v.picklist(['ordinary', 'preferred', 'forced']),
  /** Of the token that is to be replaced. */
  generation: Generation,
});

const Stored = v.object({
  id: v.pipe(v.string(), v.maxLength(64)),
  refresh: v.exactOptional(Refresh),
  /** SHA-256 in hex of a token that a reader says is refused. */
  refused: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
});

/** What daemons that do not fetch ask of the one that does. Nothing in it is secret. */
export type Request = v.InferOutput<typeof Stored>;

interface Mailbox {
  readonly cache: SecretCache;
  readonly kubernetes: Pick<Kubernetes, 'inTurn'>;
  readonly annotation: string;
}

const MOST_TRIES = 20;

/** Leaves a request where the daemon that fetches finds it; what is there already is not asked for twice. @throws {EdgeError} */
export async function leaveRequest(request: PeerRequest, mailbox: Mailbox): Promise<void> {
  const id = randomUUID();
  await change(mailbox, (text) => {
    const before = readRequest(text);
    const after = together(before, request);
    return before && isSame(before, after)
      ? undefined
      : { [mailbox.annotation]: JSON.stringify({ ...after, id }) };
  });
}

/** Takes away what others have left. @returns undefined where there is nothing, or nothing that can be read */
export async function takeRequest(mailbox: Mailbox): Promise<Request | undefined> {
  let taken: Request | undefined;
  await change(mailbox, (text) => {
    if (text === undefined) return undefined;
    taken = readRequest(text);
    return { [mailbox.annotation]: null };
  });
  return taken;
}

/** By compare-and-set, so that of two who do it at the same time nobody overwrites the other. */
async function change(
  { cache, kubernetes, annotation }: Mailbox,
  decide: (text: string | undefined) => Readonly<Record<string, string | null>> | undefined,
): Promise<void> {
  await kubernetes.inTurn(cache.object, async () => {
    let secret = cache.now() ?? (await cache.refresh());
    for (let tries = 1; ; tries += 1) {
      const annotations = decide(secret.metadata.annotations?.[annotation]);
      if (!annotations) return;
      try {
        await cache.patch(secret.metadata.resourceVersion, { metadata: { annotations } });
        return;
      } catch (error) {
        const { code, effect } = failureOf(error, 'none');
        if ((code !== 'kube-conflict' && effect !== 'unknown') || tries >= MOST_TRIES) throw error;
        secret = await cache.reread();
      }
    }
  });
}

function together(before: Request | undefined, request: PeerRequest): Omit<Request, 'id'> {
  const { refresh, refused } = before ?? {};
  if (request.kind === 'refusal') {
    return { ...(refresh && { refresh }), refused: sha256(request.token.value.reveal()) };
  }
  const { strength, generation } = request;
  return {
    refresh: {
      strength: stronger(strength, refresh?.strength ?? 'ordinary'),
      generation: Math.max(generation, refresh?.generation ?? 0),
    },
    ...(refused !== undefined && { refused }),
  };
}

function isSame({ refresh, refused }: Request, other: Omit<Request, 'id'>): boolean {
  return (
    refused === other.refused &&
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
