import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TEST_APP, TEST_SECRET } from './account.ts';
import { figuresOf, ratiosOf, shown } from './figures.ts';
import { type NodeProcess, PROGRAM, startNode } from './node.ts';
import { startPlatform } from './platform.ts';
import type { Measure, Surroundings } from './row.ts';
import { scratch } from './scratch.ts';
import { cpuOf, memoryOf } from './usage.ts';

/** So many of each run side by side. */
const PAIRS = 4;

/** Until the start is over and done with, and how long rest is looked at, ms. */
const SETTLED = 10_000;
const REST = 30_000;

const MB = 2 ** 20;

const BARE = `
const server = require('node:http').createServer((request, response) => response.end('ok\\n'));
server.listen(0, '127.0.0.1', () => console.log('on 127.0.0.1:' + server.address().port));
`;

export const measureRest: Measure = async (surroundings) => {
  const { url } = await startPlatform(surroundings);
  const bare: NodeProcess[] = [];
  const ours: NodeProcess[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    bare.push(await asked(startNode(['-e', BARE], surroundings), '/'));
    ours.push(await asked(await daemon(url, surroundings), '/livez'));
  }
  await delay(SETTLED);
  const [cpu, bareCpu] = await Promise.all([shareOf(ours), shareOf(bare)]);
  const [memory, bareMemory] = await Promise.all([
    Promise.all(ours.map(({ pid }) => memoryOf(pid))),
    Promise.all(bare.map(({ pid }) => memoryOf(pid))),
  ]);
  const resident = (all: typeof memory) => all.map((one) => one.resident / MB);
  const own = (all: typeof memory) => `${(figuresOf(all.map((one) => one.own)).median / MB).toFixed(0)} MB`;
  const ratio = ratiosOf(resident(memory), resident(bareMemory));
  const share = figuresOf(cpu);
  return [
    {
      what: 'memory at rest, one credential, health on',
      ours: `${shown(figuresOf(resident(memory)), 'MB')}, ${own(memory)} of it its own`,
      bare: `HTTP server: ${shown(figuresOf(resident(bareMemory)), 'MB')}, ${own(bareMemory)} of it its own`,
      figure: shown(ratio),
      budget: '≤ 1.2',
      met: ratio.median <= 1.2,
    },
    {
      what: 'CPU at rest',
      ours: shown(share, '%', 3),
      bare: `HTTP server: ${shown(figuresOf(bareCpu), '%', 3)}`,
      figure: shown(share, '%', 3),
      budget: '≤ 0.02 % of a core',
      met: share.median <= 0.02,
    },
  ];
};

async function daemon(platform: string, surroundings: Surroundings): Promise<NodeProcess> {
  const folder = await scratch(surroundings);
  return startNode([PROGRAM, 'run'], {
    ...surroundings,
    env: {
      WXTOKEN_APPID: TEST_APP,
      WXTOKEN_SECRET: TEST_SECRET,
      WXTOKEN_API_BASE_URL: platform,
      WXTOKEN_FILE: join(folder, 'token'),
      WXTOKEN_LISTEN: '127.0.0.1:0',
    },
  });
}

/** A server that has answered once has loaded what answering takes. */
async function asked(server: NodeProcess, path: string): Promise<NodeProcess> {
  const [address] = await server.line(/127\.0\.0\.1:\d+/);
  const answer = await fetch(`http://${address}${path}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return server;
}

/** Percent of a core. */
async function shareOf(processes: readonly NodeProcess[]): Promise<readonly number[]> {
  const used = () => Promise.all(processes.map(({ pid }) => cpuOf(pid)));
  const before = await used();
  const from = performance.now();
  await delay(REST);
  const after = await used();
  const took = performance.now() - from;
  return after.map((time, index) => (100 * (time - (before[index] ?? 0))) / took);
}
