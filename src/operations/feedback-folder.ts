import { createHash } from 'node:crypto';
import { constants, open, opendir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Secret } from '../core/secret.ts';

/** What a reader said: the refused token, or its SHA-256. */
export type Claim = (value: Secret) => boolean;

export interface FeedbackFolder {
  /** Takes what lies there. @param hear told of each readable claim, once */
  scan(hear: (claim: Claim) => void): Promise<void>;
}

/** Larger than any token. */
const LARGEST = 4096;

/** Looked at in one scan; a flood waits for the next one. */
const MOST_ENTRIES = 1000;
const MOST_CLAIMS = 64;

/** Files that could not be removed are remembered up to this many, so that each is acted on once. */
const MOST_REMEMBERED = 4096;

/**
 * A folder into which any app of the pod may write, so nothing in it is trusted: names, types, sizes and contents.
 * Only regular files are read, through a descriptor that follows no link and waits for no writer.
 */
export function feedbackFolder(folder: string): FeedbackFolder {
  const met = new Set<string>();

  /** Whether this very file has been acted on before; sticky folders keep what we cannot remove. */
  function isNew(mark: string): boolean {
    if (met.has(mark)) return false;
    met.add(mark);
    if (met.size > MOST_REMEMBERED) met.delete(met.values().next().value ?? '');
    return true;
  }

  return {
    async scan(hear) {
      let claims = 0;
      for (const path of await entries(folder)) {
        const found = await take(path);
        if (!found || !isNew(found.mark)) continue;
        const claim = read(found.text);
        if (claim) hear(claim);
        claims += 1;
        if (claims >= MOST_CLAIMS) return;
      }
    },
  };
}

async function entries(folder: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      if (!entry.isDirectory()) found.push(join(folder, entry.name));
      if (found.length >= MOST_ENTRIES) break;
    }
  } catch {
    // Not there yet, or being removed: nothing was said.
  }
  return found;
}

async function take(path: string): Promise<{ text: string; mark: string } | undefined> {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
  try {
    const stat = await file?.stat({ bigint: true });
    if (!file || !stat?.isFile()) return undefined;
    const text = stat.size > LARGEST ? '' : await readSome(file);
    return { text, mark: `${stat.dev}:${stat.ino}:${stat.mtimeNs}:${stat.size}` };
  } catch {
    return undefined;
  } finally {
    await file?.close();
    // Also what cannot be read goes, so that it cannot fill the folder; a folder stays, and costs one look.
    await unlink(path).catch(() => {});
  }
}

/** A file may grow while it is read. */
async function readSome(file: Awaited<ReturnType<typeof open>>): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(LARGEST), 0, LARGEST, 0);
  return buffer.toString('latin1', 0, bytesRead);
}

function read(text: string): Claim | undefined {
  const said = text.trim();
  if (/^[0-9a-f]{64}$/i.test(said)) return (value) => sha256(value) === said.toLowerCase();
  return said.length >= 16 ? (value) => value.reveal() === said : undefined;
}

function sha256(value: Secret): string {
  return createHash('sha256').update(value.reveal()).digest('hex');
}
