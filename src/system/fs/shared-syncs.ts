/**
 * Syncs a folder (fsync) once for all who ask before that begins: it takes along whatever was done in the folder until then, by
 * whomever. Thousands of accounts write into one folder, of which one sync is under way at a time.
 * @param folder which one, whatever it is called by now
 * @param inTurn does the work when its turn has come
 * @throws what the one sync throws, to all who share it
 */
export type SharedSyncs = (
  folder: string,
  inTurn: (work: () => Promise<void>) => Promise<void>,
  sync: () => Promise<void>,
) => Promise<void>;

export function createSharedSyncs(): SharedSyncs {
  /** What has not begun, by folder. */
  const toCome = new Map<string, Promise<void>>();

  return (folder, inTurn, sync) => {
    const shared = toCome.get(folder);
    if (shared) return shared;
    const nobodyElse = () => {
      if (toCome.get(folder) === own) toCome.delete(folder);
    };
    async function begin(): Promise<void> {
      try {
        await inTurn(() => {
          nobodyElse();
          return sync();
        });
      } finally {
        // It may never have begun.
        nobodyElse();
      }
    }
    // Not at once: it may be its turn already, and then it would begin before it is known to others, and to itself.
    const own = Promise.resolve().then(begin);
    toCome.set(folder, own);
    return own;
  };
}
