import { EdgeError } from '../core/failure.ts';
import type { KubernetesClient, Patch } from './client.ts';
import type { ObjectName, Stored } from './resources.ts';

/** What to do with a Secret as it was just read: change it, or leave what is there and say why. */
export type Decision =
  | { readonly write: Patch; readonly leave?: never }
  /** `same`: what would be written is there; `newer`: something newer is. */
  | { readonly write?: never; readonly leave: 'same' | 'newer' };

export type Update = 'written' | 'same' | 'newer';

/** Eight who write one Secret at the same time need up to thirteen; what is still in the way after so many, passes. */
const TRIES = 8;

/**
 * Changes a Secret by compare-and-set. Whoever was faster makes it be read again and decided anew. After a write of
 * which nobody knows what came it is read again as well: it may have been made, and where not, it may still be, though
 * not on top of what others write meanwhile, since it is bound to the version that it was made for.
 * @throws {EdgeError} why it could not be read or written
 */
export async function updateSecret(
  client: Pick<KubernetesClient, 'get' | 'mergePatch'>,
  secret: ObjectName<'secrets'>,
  decide: (found: Stored<'secrets'>) => Promise<Decision>,
): Promise<Update> {
  let lost: EdgeError | undefined;
  for (let tries = 1; ; tries += 1) {
    const found = await client.get(secret).catch((error: unknown) => {
      throw isInDoubt(lost) ? lost : error;
    });
    const { write, leave } = await decide(found);
    if (leave) return leave === 'same' && isInDoubt(lost) ? 'written' : leave;
    if (isInDoubt(lost)) throw lost;
    try {
      await client.mergePatch(secret, found.metadata.resourceVersion, write);
      return 'written';
    } catch (error) {
      if (!(error instanceof EdgeError) || tries >= TRIES) throw error;
      if (error.code !== 'kube-conflict' && !isInDoubt(error)) throw error;
      lost = error;
    }
  }
}

function isInDoubt(error: EdgeError | undefined): error is EdgeError {
  return error?.failure.effect === 'unknown';
}
