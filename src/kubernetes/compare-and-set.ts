import { type EdgeError, failureOf } from '../core/failure.ts';

/** How one object is changed by compare-and-set. `Write` is what is written, `Left` says why nothing needs to be. */
export interface CompareAndSet<Found, Write, Left> {
  /** Returns the object as last seen; it may be older than the server's. */
  readonly known: () => Found | Promise<Found>;
  /** Reads the object by a request that begins now. @throws {EdgeError} why it cannot be read */
  readonly reread: () => Promise<Found>;
  /**
   * Decides what to write over what was found.
   * @param again whether this change was tried before, so that what is found may be the result of that write
   */
  readonly decide: (found: Found, again: boolean) => Wish<Write, Left> | Promise<Wish<Write, Left>>;
  /** Writes on the condition that the object is still the one found. @throws {EdgeError} `kube-conflict` if not */
  readonly write: (wanted: Write, found: Found) => Promise<unknown>;
  /** Conflicts in a row after which it is given up. */
  readonly mostTries: number;
}

/** What is to become of an object that was found. */
export type Wish<Write, Left> =
  | { readonly write: Write; readonly leave?: never }
  | { readonly write?: never; readonly leave: Left };

/** What became of a change. `inDoubt`: the answer to a write was lost, and a look has shown the rest. */
export type Change<Left> =
  | { readonly written: true; readonly leave?: never; readonly inDoubt?: never }
  | { readonly written: false; readonly leave: Left; readonly inDoubt: boolean };

/**
 * The one place that says when a write to the API server is tried again.
 * - A conflict is tried again at once, a limited number of times: somebody else wrote, and the server is well.
 * - After a write whose outcome is unknown (5xx, a time-out, a cut) there is one look at the object, which tells
 *   whether it was made. If it was not, the error is thrown: the caller tells of it and waits before it tries again.
 *   Trying at once would ask a server, or a webhook, that is in trouble already as fast as it can answer.
 * - Any other refusal is thrown.
 * @throws {EdgeError} why the object could not be read or written
 */
export async function compareAndSet<Found, Write, Left>({
  known,
  reread,
  decide,
  write,
  mostTries,
}: CompareAndSet<Found, Write, Left>): Promise<Change<Left>> {
  let found = await known();
  let doubt: EdgeError | undefined;
  for (let tries = 1; ; tries += 1) {
    const wish = await decide(found, tries > 1);
    if (wish.write === undefined)
      return { written: false, leave: wish.leave as Left, inDoubt: doubt !== undefined };
    if (doubt) throw doubt;
    try {
      await write(wish.write, found);
      return { written: true };
    } catch (error) {
      const { code, effect } = failureOf(error, 'none');
      if (effect === 'unknown') doubt = error as EdgeError;
      else if (code !== 'kube-conflict' || tries >= mostTries) throw error;
    }
    // Why the write is in doubt says more than why the look failed: both met the same server.
    found = await reread().catch((why: unknown) => {
      throw doubt ?? why;
    });
  }
}
