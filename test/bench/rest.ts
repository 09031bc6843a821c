import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TEST_APP, TEST_SECRET } from './account.ts';
import { figuresOf, ratiosOf, shown } from './figures.ts';
import { accountOf, inSecret, recordOf } from './media.ts';
import { type NodeProcess, PROGRAM, startNode } from './node.ts';
import { startPlatform } from './platform.ts';
import type { Measure, Surroundings } from './row.ts';
import { scratch } from './scratch.ts';
import { cpuOf, memoryOf, sleepsOf } from './usage.ts';

/** So many of each run side by side. */
const PAIRS = 4;

/** Until the start is over and done with, and how long rest is looked at, ms. */
const SETTLED = 10_000;
const REST = 30_000;

const TEN_SECONDS = 10_000;

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
  const [rest, bareRest] = await Promise.all([restOf(ours), restOf(bare)]);
  const [memory, bareMemory] = await Promise.all([
    Promise.all(ours.map(({ pid }) => memoryOf(pid))),
    Promise.all(bare.map(({ pid }) => memoryOf(pid))),
  ]);
  const resident = (all: typeof memory) => all.map((one) => one.resident / MB);
  const own = (all: typeof memory) => `${(figuresOf(all.map((one) => one.own)).median / MB).toFixed(0)} MB`;
  const ratio = ratiosOf(resident(memory), resident(bareMemory));
  const share = figuresOf(rest.cpu);
  await Promise.all([...ours, ...bare].map((one) => one.end()));
  const followers = await startFollowers(url, surroundings);
  await delay(SETTLED);
  const followersRest = await restOf(followers);
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
      ours: restText(rest),
      bare: `HTTP server: ${restText(bareRest)}`,
      figure: shown(share, '%', 3),
      budget: '≤ 0.02 % of a core',
      met: share.median <= 0.02,
    },
    {
      what: '… of a follower of a cluster, whose leader renews its Lease every two seconds',
      ours: restText(followersRest),
      bare: '',
      figure: shown(figuresOf(followersRest.cpu), '%', 3),
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

/** Daemons of one cluster, none of which leads. */
async function startFollowers(platform: string, surroundings: Surroundings): Promise<readonly NodeProcess[]> {
  const opened = await inSecret.open({ folder: await scratch(surroundings), platform }, surroundings);
  if ('missing' in opened) throw new Error(opened.missing);
  opened.prepare(recordOf(accountOf(platform), `90_1_${'0'.repeat(144)}`, 1))();
  const followers: NodeProcess[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const env = await opened.daemon(`follower-${pair}`, join(await scratch(surroundings), 'token'));
    const follower = startNode([PROGRAM, 'run'], { ...surroundings, env });
    await follower.line(/"message":"published"/);
    followers.push(follower);
  }
  return followers;
}

/** What processes at rest take: percent of a core, and how often they wake up in ten seconds. */
interface Rest {
  readonly cpu: readonly number[];
  readonly wakes: readonly number[];
}

async function restOf(processes: readonly NodeProcess[]): Promise<Rest> {
  const used = () =>
    Promise.all(processes.map(async ({ pid }) => ({ cpu: await cpuOf(pid), sleeps: await sleepsOf(pid) })));
  const before = await used();
  const from = performance.now();
  await delay(REST);
  const after = await used();
  const took = performance.now() - from;
  const grown = (key: 'cpu' | 'sleeps') =>
    after.map((one, index) => (one[key] - (before[index]?.[key] ?? 0)) / took);
  return {
    cpu: grown('cpu').map((share) => 100 * share),
    wakes: grown('sleeps').map((each) => each * TEN_SECONDS),
  };
}

function restText({ cpu, wakes }: Rest): string {
  return `${shown(figuresOf(cpu), '%', 3)}, wakes up ${shown(figuresOf(wakes), 'times', 0)} in ten seconds`;
}
