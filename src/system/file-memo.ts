import { stat } from 'node:fs/promises';

/**
 * What was made of a file last, for as long as nothing says that it is another one: what is found behind the path
 * counts, its size and its times.
 * @param make rejects where nothing can be made of it, and is asked again then
 */
export function fileMemo<T>(path: string, make: () => Promise<T>): () => Promise<T> {
  let known: { readonly mark: string; readonly made: T } | undefined;
  return async () => {
    const mark = await stat(path, { bigint: true }).then(
      ({ dev, ino, size, mtimeNs, ctimeNs }) => `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`,
      () => undefined,
    );
    if (known && known.mark === mark) return known.made;
    known = undefined;
    const made = await make();
    if (mark !== undefined) known = { mark, made };
    return made;
  };
}
