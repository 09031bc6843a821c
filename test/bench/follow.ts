import { readFileSync, watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { alternative } from './deployment.ts';
import { figuresOf, shown } from './figures.ts';
import { MEDIA, type Medium } from './media.ts';
import { PROGRAM, startNode } from './node.ts';
import { startPlatform } from './platform.ts';
import type { Measure, Row, Surroundings } from './row.ts';
import { scratch } from './scratch.ts';

const ROUNDS = 15;
const WARM_UP = 3;

/** Until all that follows a write is done with, ms: the next round begins at rest. */
const CALM = 1_000;

/** How long a follower may take, ms: beyond the intervals at which it looks by itself. */
const PATIENCE = 90_000;

/**
 * A daemon fetches, and another one that shares its state publishes the same token: how long after a bare watch of the
 * same medium that puts it into a file. Both follow the same writes, side by side. The difference is exact; both times begin
 * when the bench itself hears of the write, which is no earlier than the bare watch does, so no ratio of them is told.
 */
export const measureFollow: Measure = async (surroundings) => {
  const rows: Row[] = [];
  for (const medium of MEDIA) {
    surroundings.say(`${medium.name} …`);
    rows.push(await measureMedium(medium, surroundings));
  }
  return rows;
};

async function measureMedium(medium: Medium, surroundings: Surroundings): Promise<Row> {
  const what = `follower's file after the write of the daemon that fetched: ${medium.name}`;
  const { url: platform } = await startPlatform(surroundings);
  const opened = await medium.open({ folder: await scratch(surroundings), platform }, surroundings);
  if ('missing' in opened) return { what, ours: `not measured: ${opened.missing}`, bare: '', figure: '' };
  const folder = await scratch(surroundings);
  const place = async (name: string) => {
    await mkdir(join(folder, name));
    return followFile(join(folder, name, 'token'), surroundings);
  };
  const [first, second, watching] = [await place('first'), await place('second'), await place('bare')];

  const { daemon: environmentOf } = opened;
  /** Without force the readers of a token that has just come would be left a minute to take it up. */
  async function refresh(): Promise<void> {
    const env = await environmentOf('first', first.path);
    const asking = startNode([PROGRAM, 'refresh', '--force'], { ...surroundings, env });
    await Promise.race([asking.ended, asking.failed]);
  }
  async function daemon(name: string, file: FollowedFile): Promise<void> {
    const env = await environmentOf(name, file.path);
    const started = startNode([PROGRAM, 'run'], { ...surroundings, env });
    await Promise.race([file.after(''), started.failed]);
  }

  await daemon('first', first);
  await daemon('second', second);
  const env = { MEDIUM: medium.name, FILE: watching.path, ...opened.bare };
  const bareWatch = startNode([alternative('bare-watch')], { ...surroundings, env });
  await bareWatch.line(/^ready$/);
  const writes = await opened.writes(surroundings);

  const [ours, bare]: [number[], number[]] = [[], []];
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    await delay(CALM);
    const before = first.token();
    await refresh();
    const token = await first.after(before);
    const [ourTime, bareTime] = [await second.reached(token), await watching.reached(token)];
    const write = writes.find(({ text }) => text.includes(opened.written(token)));
    if (!write) throw new Error(`${medium.name}: nobody has seen the write`);
    writes.length = 0;
    if (round < 0) continue;
    ours.push(ourTime - write.at);
    bare.push(bareTime - write.at);
  }
  const later = ours.map((time, index) => time - (bare[index] ?? Number.NaN));
  return {
    what,
    ours: shown(figuresOf(ours), 'ms', 1),
    bare: `${medium.bare}: ${shown(figuresOf(bare), 'ms', 1)}`,
    figure: `${shown(figuresOf(later), 'ms', 1)} after the bare watch`,
  };
}

/** A published file, and when it came to hold what. */
interface FollowedFile {
  readonly path: string;
  /** What it holds; empty while it is not there. */
  token(): string;
  /** Waits until it holds another token than that. */
  after(token: string): Promise<string>;
  /** Waits until it holds that token. @returns when that was seen, ms */
  reached(token: string): Promise<number>;
}

function followFile(path: string, { atEnd }: Surroundings): FollowedFile {
  const seen = new Map<string, number>();
  let held = '';
  let wake = () => {};
  const watcher = watch(join(path, '..'), (_, name) => {
    if (name !== 'token') return;
    held = readFileSync(path, 'utf8');
    if (!seen.has(held)) seen.set(held, performance.now());
    wake();
  });
  atEnd(async () => watcher.close());

  async function until<T>(look: () => T | undefined): Promise<T> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${path}: no new token`);
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await Promise.race([woken, delay(left, undefined, { ref: false })]);
    }
  }

  return {
    path,
    token: () => held,
    after: (token) => until(() => (held !== '' && held !== token ? held : undefined)),
    reached: (token) => until(() => seen.get(token)),
  };
}
