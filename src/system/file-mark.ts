import type { BigIntStats } from 'node:fs';

/**
 * Tells one content of a file from another without reading it: all of ours are replaced, never written in place, so
 * another content is another inode, and one that was used before carries another time.
 */
export function replacementMark({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}
