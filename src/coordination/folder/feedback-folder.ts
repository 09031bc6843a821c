import { sha256 } from '../../codec/encoding.ts';
import type { Secret } from '../../core/secret.ts';
import { en, type Text, zh } from '../../core/text.ts';
import { constants, type FileHandle, namesIn, open, unlink } from '../../system/fs/files.ts';

/**
 * A reader's report of a refused token, by the token itself or its SHA-256. Returns whether the report is about the
 * given value.
 */
export type Claim = (value: Secret) => boolean;

/** Why the reports in a feedback folder are not heard. */
export interface FeedbackProblem {
  /** Of the system, like ENOENT. */
  readonly code: string;
  readonly message: Text;
  readonly advice: Text;
}

export interface FeedbackFolder {
  /**
   * Takes the reports out of the folder. Returns at once while another scan is running. Never rejects for anything that
   * the folder contains.
   * @param hear called once for each different report
   */
  scan(hear: (claim: Claim) => void): Promise<void>;
}

/** Bytes; larger than any token. */
const LARGEST = 4096;

/**
 * Files examined in one scan; the rest of a flood waits for the next one. A storm of reports should fit into one scan:
 * split over several, each part may cost a platform call.
 */
const MOST_ENTRIES = 1000;

/** How many files that could not be removed are remembered, so that the daemon acts on each of them once. */
const MOST_REMEMBERED = 20_000;

/**
 * Reads a folder into which any app of the pod may write. Nothing in it is trusted: not names, types, sizes or
 * contents. Only regular files are read, through a descriptor that follows no link and waits for no writer.
 * @param looked called after each look into the folder, with what kept it from being read, if anything did
 */
export function feedbackFolder(
  folder: string,
  looked: (problem?: FeedbackProblem) => void = () => {},
): FeedbackFolder {
  const met = new Set<string>();
  /** How many of the first entries cannot be removed. The next scan skips them, or it would find nothing else. */
  let passed = 0;
  let scanning = false;

  /** Whether the daemon has not acted on this file yet. In a sticky folder it cannot remove the files of others. */
  function isNew(mark: string): boolean {
    if (met.has(mark)) return false;
    met.add(mark);
    if (met.size > MOST_REMEMBERED) met.delete(met.values().next().value ?? '');
    return true;
  }

  async function scanOnce(hear: (claim: Claim) => void): Promise<void> {
    const { paths, error } = await entries(folder, passed);
    looked(error && feedbackProblem(folder, error));
    let stayed = 0;
    // Many copies of the same report count as one.
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

/** Returns paths as bytes: a name need not be text, and a file whose name is not could never be removed by a string. */
async function entries(
  folder: string,
  passed: number,
): Promise<{ readonly paths: Buffer[]; readonly error?: NodeJS.ErrnoException }> {
  const found: Buffer[] = [];
  let met = 0;
  try {
    for await (const entry of namesIn(folder)) {
      if (entry.isDirectory()) continue;
      met += 1;
      if (met > passed)
        found.push(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(entry.name, 'latin1')]));
      if (found.length >= MOST_ENTRIES) break;
    }
  } catch (error) {
    return { paths: found, error: error as NodeJS.ErrnoException };
  }
  return { paths: found };
}

/** Says what keeps a feedback folder from being read, and what to do. */
export function feedbackProblem(
  folder: string,
  { code = 'unexpected' }: NodeJS.ErrnoException,
): FeedbackProblem {
  const [what, advice] = PROBLEMS[code] ?? UNREADABLE;
  return {
    code,
    message: {
      en: en`the feedback folder ${folder} ${what} (${code}): the reports of apps about refused tokens are not heard`,
      zh: zh`反馈目录 ${folder} ${what}（${code}）：收不到应用关于 token 被拒绝的上报`,
    },
    advice,
  };
}

type Problem = readonly [what: Text, advice: Text];

const UNREADABLE: Problem = [
  { en: 'cannot be read', zh: '无法读取' },
  { en: 'look at its volume', zh: '检查它所在的卷' },
];

const PROBLEMS: Readonly<Record<string, Problem>> = {
  ENOENT: [
    { en: 'is not there', zh: '不存在' },
    {
      en: 'create it, or mount the volume that the apps mount too; the daemon reads it as soon as it is there',
      zh: '创建它，或挂载应用也挂载的那个卷；它一出现，守护进程就会读取',
    },
  ],
  ENOTDIR: [
    { en: 'is no folder', zh: '不是目录' },
    { en: 'name a folder, or remove what is in its way', zh: '写一个目录，或移除挡路的文件' },
  ],
  EACCES: [
    { en: 'may not be read', zh: '无权读取' },
    {
      en: 'let the user of the daemon read, write and enter it, and the apps write and enter it',
      zh: '让守护进程的用户能读、写和进入它，让应用能写和进入它',
    },
  ],
};

interface Taken {
  /** The content; undefined for anything but a readable regular file. */
  readonly found: { readonly text: string; readonly mark: string } | undefined;
  readonly removed: boolean;
}

async function take(path: Buffer): Promise<Taken> {
  const found = await readOnce(path);
  // Unreadable files are removed too, so that they cannot fill the folder. Subfolders stay, and cost one look each.
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

/** Reads at most `LARGEST` bytes: a file may grow while it is read. */
async function readSome(file: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(LARGEST));
  return buffer.toString('latin1', 0, bytesRead);
}

function read(said: string): Claim | undefined {
  if (/^[0-9a-f]{64}$/i.test(said)) return (value) => sha256(value.reveal()) === said.toLowerCase();
  return said.length >= 16 ? (value) => value.reveal() === said : undefined;
}
