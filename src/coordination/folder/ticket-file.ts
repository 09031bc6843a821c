import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { isPlausible } from '../../core/credential.ts';
import type { Clock } from '../../core/ports.ts';
import { AHEAD_OF_CLOCK, type PushedTicket } from '../../core/pushed-ticket.ts';
import { Secret } from '../../core/secret.ts';
import { en, type Text, zh } from '../../core/text.ts';
import { SECOND } from '../../core/time.ts';
import { lstat } from '../../system/fs/files.ts';
import { readProblem } from '../../system/fs/read-problem.ts';
import { readRegularFile, replacementMark } from '../../system/fs/read-regular-file.ts';
import { watchFiles } from '../../system/fs/watch-files.ts';

/** A file in which an app leaves the newest ticket that the platform has pushed to it. It is read, and left there. */
export interface TicketFile {
  /**
   * Reads the ticket; undefined while there is none that can be used. Of what may be half of a ticket it waits, for a
   * second at most, whether it changes. Never rejects: what is wrong is told once.
   */
  read(): Promise<PushedTicket | undefined>;
  /**
   * Watches the file.
   * @param changed called when it may hold another ticket
   */
  watch(changed: () => void): Promise<{ close(): Promise<void> }>;
}

export interface TicketFileOptions {
  readonly clock: Clock;
  /** What every ticket that has been seen looks like; another one is used as well, once it no longer changes. */
  readonly shape?: RegExp;
  /** Called once for each thing that is wrong with the file. */
  readonly warn: (message: Text) => void;
}

/** Bytes. A ticket has up to 512. */
const LARGEST = 4096;

/** Characters for which the platform's pages ask to reserve space. */
const LONGEST_TICKET = 512;

/** What may be half of a ticket, and has not changed for so long, is whole; ms. */
const SETTLED = SECOND;

const Told = v.object({
  ticket: v.string(),
  // What reads XML has no numbers.
  create_time: v.exactOptional(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,12}$/), v.transform(Number))]),
  ),
});

/** @param path of the file, which another user may write: links are not followed, and nothing but a file is opened */
export function ticketFile(path: string, { clock, shape, warn }: TicketFileOptions): TicketFile {
  /** What is wrong with the file, as it was last told. */
  let told: string | undefined;
  /** A file whose content may be half of one, and since when it has not changed; monotonic ms. */
  let doubtful: { readonly mark: string; readonly since: number } | undefined;
  let again: NodeJS.Timeout | undefined;
  let changed = () => {};
  const closing = new AbortController();

  function complain(what: Text): undefined {
    if (what.en !== told)
      warn({ en: en`the ticket file ${path} ${what}`, zh: zh`ticket 文件 ${path} ${what}` });
    told = what.en;
    return undefined;
  }

  /** Milliseconds until the file has been as it is for so long that nobody is still writing it. */
  function untilSettled(mark: string, writtenAt: number): number {
    const { monotonic, wall } = clock.now();
    const age = wall - writtenAt;
    if (age >= SETTLED) return 0;
    if (doubtful?.mark !== mark) doubtful = { mark, since: monotonic };
    const seenFor = monotonic - doubtful.since;
    // A time of the file that is ahead of this machine's clock says nothing.
    return Math.max(0, Math.ceil(SETTLED - Math.max(seenFor, age)));
  }

  /** @returns the ticket, or in how many ms to read again */
  async function readOnce(): Promise<PushedTicket | number | undefined> {
    try {
      const { text, stat } = await readRegularFile(path, LARGEST);
      const writtenAt = Number(stat.mtimeMs);
      const { ticket, createTime, problem } = parse(text);
      // A ticket in JSON, or of the known shape, is whole.
      const isWhole = problem === undefined && (createTime !== undefined || shape?.test(ticket));
      const unsettled = isWhole ? 0 : untilSettled(replacementMark(stat), writtenAt);
      if (unsettled > 0) return unsettled;
      if (problem !== undefined) return complain(problem);
      const { wall } = clock.now();
      const createdAt = (createTime ?? 0) * SECOND;
      const isDated = createdAt > 0 && createdAt <= wall + AHEAD_OF_CLOCK;
      if (!isDated && createTime !== undefined)
        complain({
          en: 'has a create_time that is not of now, in epoch seconds: its own time counts',
          zh: '里的 create_time 不是现在的纪元秒：以文件自己的时间为准',
        });
      else if (shape && !shape.test(ticket))
        complain({
          en: 'holds a ticket of an unusual shape, which is used all the same',
          zh: '里的 ticket 样子不寻常，仍然使用',
        });
      else told = undefined;
      const receivedAt = Math.min(writtenAt, wall);
      return {
        value: new Secret(ticket),
        createdAt: isDated ? createdAt : receivedAt,
        receivedAt,
        ...(!isDated && { undated: true }),
      };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // The app has not been pushed one yet, or is about to replace the file.
      if (code === 'ENOENT') return undefined;
      if (code === 'ELOOP' && (await isLink(path))) return complain(LINK);
      const { problem } = await readProblem(path, error as NodeJS.ErrnoException);
      return complain(problem);
    }
  }

  return {
    async read() {
      const first = await readOnce();
      if (typeof first !== 'number') return first;
      await delay(first, undefined, { signal: closing.signal }).catch(() => {});
      const second = await readOnce();
      if (typeof second !== 'number') return second;
      // Somebody writes it bit by bit: it is looked at again later, and meanwhile others go on.
      clearTimeout(again);
      again = setTimeout(() => changed(), second).unref();
      return undefined;
    },
    async watch(listener) {
      changed = listener;
      const watch = await watchFiles([path], listener);
      return {
        async close() {
          clearTimeout(again);
          changed = () => {};
          closing.abort();
          await watch.close();
        },
      };
    },
  };
}

async function isLink(path: string): Promise<boolean> {
  return await lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
}

interface Parsed {
  readonly ticket: string;
  /** Epoch seconds. */
  readonly createTime?: number;
  readonly problem?: Text;
}

const FORMS: Text = {
  en: 'must hold the ticket alone, on one line, or JSON with ticket and create_time',
  zh: '里应当只有一行 ticket，或者带 ticket 和 create_time 的 JSON',
};
const LINK: Text = {
  en: 'is a symbolic link, which is not followed, since an app that is broken into could point it anywhere: name the file itself, and let the app rename the next one into its place',
  zh: '是符号链接，守护进程不会跟随，因为应用一旦被攻破，链接就可能指向任何地方：请写文件本身的路径，由应用把新文件改名到这个位置',
};
const EMPTY: Text = { en: 'is empty', zh: '是空的' };

/** Reads the content of a ticket file. No message holds any of it. */
function parse(text: string): Parsed {
  const content = text.replace(/^\ufeff/, '').trim();
  if (content === '') return { ticket: '', problem: EMPTY };
  if (!content.startsWith('{')) return checked({ ticket: content });
  try {
    const { success, output } = v.safeParse(Told, JSON.parse(content));
    if (!success) return { ticket: '', problem: FORMS };
    const { ticket, create_time: createTime } = output;
    return checked({ ticket, ...(createTime !== undefined && { createTime }) });
  } catch {
    return { ticket: '', problem: FORMS };
  }
}

function checked(parsed: Parsed): Parsed {
  const isTicket = isPlausible(parsed.ticket) && parsed.ticket.length <= LONGEST_TICKET;
  return isTicket ? parsed : { ...parsed, problem: FORMS };
}
