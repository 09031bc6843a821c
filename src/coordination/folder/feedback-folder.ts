import { constants, open, opendir, unlink } from 'node:fs/promises';
import { sha256 } from '../../codec/encoding.ts';
import type { Secret } from '../../core/secret.ts';

/** What a reader said: the refused token, or its SHA-256. */
export type Claim = (value: Secret) => boolean;

export interface FeedbackFolder {
  /** Takes what lies there; does nothing while it is at it. @param hear told of each different claim, once */
  scan(hear: (claim: Claim) => void): Promise<void>;
}

/** Larger than any token. */
const LARGEST = 4096;

/** Looked at in one scan; a flood waits for the next one. A storm should fit: heard in pieces it may cost a call each. */
const MOST_ENTRIES = 1000;

/** Files that could not be removed are remembered up to this many, so that each is acted on once. */
const MOST_REMEMBERED = 20_000;

/**
 * A folder into which any app of the pod may write, so nothing in it is trusted: names, types, sizes and contents.
 * Only regular files are read, through a descriptor that follows no link and waits for no writer.
 */
export function feedbackFolder(folder: string): FeedbackFolder {
  const met = new Set<string>();
  /** How many of the first entries stay whatever we do: the next scan begins behind them, or it would find nothing else. */
  let passed = 0;
  let scanning = false;

  /** Whether this very file has been acted on before; sticky folders keep what we cannot remove. */
  function isNew(mark: string): boolean {
    if (met.has(mark)) return false;
    met.add(mark);
    if (met.size > MOST_REMEMBERED) met.delete(met.values().next().value ?? '');
    return true;
  }

  async function scanOnce(hear: (claim: Claim) => void): Promise<void> {
    const paths = await entries(folder, passed);
    let stayed = 0;
    // A storm of one and the same report is one report.
    const said = new Set<string>();
    for (const path of paths) {
      const { found, removed } = await take(path);
      if (!removed) stayed += 1;
      if (found && isNew(found.mark)) said.add(found.text.trim());
    }
    for (const text of said) {
      const claim = read(text);
      if (claim) hear(claim);
    }
    passed = paths.length < MOST_ENTRIES ? 0 : passed + stayed;
  }

  return {
    async scan(hear) {
      if (scanning) return;
      scanning = true;
      await scanOnce(hear).finally(() => {
        scanning = false;
      });
    },
  };
}

/** Paths as bytes: a name need not be text, and one that is not could never be removed. */
async function entries(folder: string, passed: number): Promise<Buffer[]> {
  const found: Buffer[] = [];
  let met = 0;
  try {
    for await (const entry of await opendir(folder, { encoding: 'latin1' })) {
      if (entry.isDirectory()) continue;
      met += 1;
      if (met > passed)
        found.push(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(entry.name, 'latin1')]));
      if (found.length >= MOST_ENTRIES) break;
    }
  } catch {
    // Not there yet, or being removed: nothing was said.
  }
  return found;
}

interface Taken {
  /** What it said; undefined for what is no readable file. */
  readonly found: { readonly text: string; readonly mark: string } | undefined;
  readonly removed: boolean;
}

async function take(path: Buffer): Promise<Taken> {
  const found = await readOnce(path);
  // Also what cannot be read goes, so that it cannot fill the folder; a folder stays, and costs one look.
  const removed = await unlink(path).then(
    () => true,
    () => false,
  );
  return { found, removed };
}

async function readOnce(path: Buffer): Promise<Taken['found']> {
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
  }
}

/** A file may grow while it is read. */
async function readSome(file: Awaited<ReturnType<typeof open>>): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(LARGEST), 0, LARGEST, 0);
  return buffer.toString('latin1', 0, bytesRead);
}

function read(said: string): Claim | undefined {
  if (/^[0-9a-f]{64}$/i.test(said)) return (value) => sha256(value.reveal()) === said.toLowerCase();
  return said.length >= 16 ? (value) => value.reveal() === said : undefined;
}
