import { randomBytes } from 'node:crypto';
import { readFileSync, watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { alternative } from './deployment.ts';
import { figuresOf, ratiosOf, shown } from './figures.ts';
import { accountOf, MEDIA, type Medium, recordOf } from './media.ts';
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
 * The bench writes what the daemon that fetches would write, and a daemon and a bare watch of the same medium, side by
 * side, each put the token into a file: both times begin directly before the write.
 */
export const measureFollow: Measure = async (surroundings) => {
  const rows: Row[] = [];
  for (const medium of MEDIA) {
    surroundings.say(`${medium.name} …`);
    rows.push(await measureMedium(medium, surroundings));
  }
  return rows;
};

/** The budget: how much later than the bare watch, as a ratio. */
const MOST = 1.3;

async function measureMedium(medium: Medium, surroundings: Surroundings): Promise<Row> {
  const what = `follower's file after the write of the daemon that fetched: ${medium.name}`;
  const { url: platform } = await startPlatform(surroundings);
  const opened = await medium.open({ folder: await scratch(surroundings), platform }, surroundings);
  if ('missing' in opened) return { what, ours: `not measured: ${opened.missing}`, bare: '', figure: '' };
  const { prepare } = opened;
  const folder = await scratch(surroundings);
  const place = async (name: string) => {
    await mkdir(join(folder, name));
    return followFile(join(folder, name, 'token'), surroundings);
  };
  const [following, watching] = [await place('daemon'), await place('bare')];
  const account = accountOf(platform);
  let generation = 0;
  /** Makes the write of the next token ready. */
  function next() {
    generation += 1;
    const token = `90_${generation}_${randomBytes(72).toString('hex')}`;
    return { token, write: prepare(recordOf(account, token, generation)) };
  }
  /** Writes the next token. @returns how long after that each of the two had it, ms */
  async function follow(): Promise<readonly [ours: number, bare: number]> {
    const { token, write } = next();
    const from = performance.now();
    write();
    const [ours, bare] = [await following.reached(token), await watching.reached(token)];
    return [ours - from, bare - from];
  }

  const before = next();
  before.write();
  const env = await opened.daemon('daemon', following.path);
  const daemon = startNode([PROGRAM, 'run'], { ...surroundings, env });
  const bareWatch = startNode([alternative('bare-watch')], {
    ...surroundings,
    env: { MEDIUM: medium.name, FILE: watching.path, ...opened.bare },
  });
  await Promise.race([following.reached(before.token), daemon.failed]);
  await bareWatch.line(/^ready$/);

  const [ours, bare]: [number[], number[]] = [[], []];
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    await delay(CALM);
    const [ourTime, bareTime] = await Promise.race([follow(), daemon.failed, bareWatch.failed]);
    if (round < 0) continue;
    ours.push(ourTime);
    bare.push(bareTime);
  }
  const ratio = ratiosOf(ours, bare);
  return {
    what,
    ours: shown(figuresOf(ours), 'ms', 1),
    bare: `${medium.bare}: ${shown(figuresOf(bare), 'ms', 1)}`,
    figure: shown(ratio),
    budget: `≤ ${MOST}`,
    met: ratio.median <= MOST,
  };
}

/** A published file, and when it came to hold what. */
interface FollowedFile {
  readonly path: string;
  /** Waits until it holds that token. @returns when that was seen, ms */
  reached(token: string): Promise<number>;
}

function followFile(path: string, { atEnd }: Surroundings): FollowedFile {
  const seen = new Map<string, number>();
  let wake = () => {};
  const watcher = watch(join(path, '..'), (_, name) => {
    if (name !== 'token') return;
    const held = readFileSync(path, 'utf8');
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
    reached: (token) => until(() => seen.get(token)),
  };
}
