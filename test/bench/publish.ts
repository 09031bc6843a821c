import { open, rename, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Token } from '../../src/core/credential.ts';
import { Secret } from '../../src/core/secret.ts';
import { filePublisher } from '../../src/publishers/file.ts';
import { judgeOf } from '../support/judge.ts';
import { TEST_APP } from './account.ts';
import { type Figures, figuresOf, ratiosOf, shown } from './figures.ts';
import type { Measure, Row } from './row.ts';
import { memoryFolder, scratch } from './scratch.ts';

const ROUNDS = 20;
/** Publications in a round. */
const TIMES = 50;

/** Where a file system syncs, the disk is most of it; in memory only the program's own work is left. */
export const measurePublish: Measure = async (surroundings) => {
  const disk = await scratch(surroundings, tmpdir());
  const onDisk = await compare(disk);
  const inMemory = await compare(await scratch(surroundings, await memoryFolder()));
  return [
    {
      ...describe(`publish one token, its file alone, ${await placeOf(disk)}`, onDisk),
      budget: '≤ 1.2',
      met: onDisk.ratio.median <= 1.2,
    },
    describe('… in memory, where nothing is synced', inMemory),
  ];
};

/** Of the kind that `statfs` calls tmpfs. */
const TMPFS = 0x01021994;

async function placeOf(folder: string): Promise<string> {
  return (await statfs(folder)).type === TMPFS ? 'in a temporary folder that is in memory' : 'on a disk';
}

interface Comparison {
  /** Of one publication, ms. */
  readonly ours: Figures;
  readonly bare: Figures;
  readonly ratio: Figures;
}

async function compare(folder: string): Promise<Comparison> {
  const target = {
    type: 'file',
    path: join(folder, 'token'),
    format: 'raw',
    details: false,
    mode: 0o640,
  } as const;
  const publisher = filePublisher(target, {
    name: 'bench',
    type: 'stable-token',
    appId: TEST_APP,
    kind: 'token',
  });
  await publisher.prepare();
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = -1; round < ROUNDS; round += 1) {
    const plain = await timed((turn) => writeBarely(join(folder, 'plain'), textOf(round * TIMES + turn)));
    const published = await timed(async (turn) => {
      const token = tokenOf(round * TIMES + turn);
      await publisher.publish(token, judgeOf(token));
    });
    if (round < 0) continue;
    bare.push(plain);
    ours.push(published);
  }
  return { ours: figuresOf(ours), bare: figuresOf(bare), ratio: ratiosOf(ours, bare) };
}

async function timed(work: (turn: number) => Promise<void>): Promise<number> {
  const from = performance.now();
  for (let turn = 0; turn < TIMES; turn += 1) await work(turn);
  return (performance.now() - from) / TIMES;
}

/** Open, write, sync, rename, sync the folder, and nothing else. */
async function writeBarely(path: string, content: string): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w');
  await file.writeFile(content);
  await file.sync();
  await file.close();
  await rename(temporary, path);
  const folder = await open(dirname(path), 'r');
  await folder.sync();
  await folder.close();
}

/** As long as a real one. */
const textOf = (turn: number) => `90_${String(turn + TIMES).padStart(133, 'a')}`;

function tokenOf(turn: number): Token {
  const issuedAt = 0;
  return {
    value: new Secret(textOf(turn)),
    expiresIn: 7200,
    issuedAt,
    expiresAt: issuedAt + 7_200_000,
    generation: turn + TIMES,
  };
}

function describe(what: string, { ours, bare, ratio }: Comparison): Row {
  return {
    what,
    ours: shown(ours, 'ms', 2),
    bare: `open, write, fsync, rename, fsync: ${shown(bare, 'ms', 2)}`,
    figure: shown(ratio),
  };
}
