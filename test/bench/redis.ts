import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LayoutKey } from '../../src/codec/sdk-layout.ts';
import type { Token } from '../../src/core/credential.ts';
import { Secret } from '../../src/core/secret.ts';
import { kubernetesOf } from '../../src/kubernetes/index.ts';
import { filePublisher } from '../../src/publishers/file.ts';
import { publishers } from '../../src/publishers/kinds.ts';
import type { RedisConfig } from '../../src/redis/connection-types.ts';
import { redisOf } from '../../src/redis/index.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { judgeOf } from '../support/judge.ts';
import { missing } from '../support/tools.ts';
import { TEST_APP, TEST_SECRET } from './account.ts';
import { type Figures, figuresOf, ratiosOf, shown } from './figures.ts';
import { BUNDLE, type NodeProcess, startNode } from './node.ts';
import { startPlatform } from './platform.ts';
import { type BenchRedis, startRedis } from './redis-server.ts';
import type { Measure, Row, Surroundings, Table } from './row.ts';
import { memoryFolder, scratch } from './scratch.ts';
import { memoryOf } from './usage.ts';

/**
 * What it costs to publish into Redis, and what its client takes in memory: of those who do not use it, the text of it in the
 * one file of the npm package; the image leaves it on the disk. What a read costs, `reading` measures.
 */
export const measureRedis: Measure = async (surroundings) => {
  const redis = await startRedis(surroundings);
  if (!redis)
    return [
      {
        title: 'Redis',
        rows: [
          ['', ''],
          ['not measured', missing('redis-server')],
        ],
      },
    ];
  return [...(await memoryRows(redis, surroundings)), await publishTable(redis, surroundings)];
};

const ROUNDS = 20;
/** Publications in a round. */
const TIMES = 50;

const SUBJECT = { name: 'bench', type: 'stable-token', appId: TEST_APP, kind: 'token' } as const;

/** Each publication is of another token, and begins with a look at what is there, as the daemon's do. */
async function publishTable({ socket }: BenchRedis, surroundings: Surroundings): Promise<Table> {
  const config: RedisConfig = { name: 'cache', database: 0, endpoint: { kind: 'socket', path: socket } };
  const redis = redisOf([config], { clock: systemClock, random: () => 0 });
  surroundings.atEnd(redis.close);
  const keys: readonly LayoutKey[] = [{ key: 'wx:access_token', holds: 'value', encoding: 'raw' }];
  const kubernetes = kubernetesOf({ clock: systemClock, environment: {} });
  const inRedis = publishers({ kubernetes, redis, clock: systemClock })(
    {
      ...({ type: 'redis', of: 'token', format: 'raw', connection: 'cache', server: 'here', keys } as const),
    },
    { ...SUBJECT, account: 'bench' },
  );
  const file = async (folder: string) => {
    const path = join(folder, 'token');
    const target = { type: 'file', path, format: 'raw', details: false, mode: 0o640 } as const;
    const publisher = filePublisher(target, SUBJECT);
    await publisher.prepare();
    return publisher;
  };
  const ways = [
    ['a file in memory', await file(await scratch(surroundings, await memoryFolder()))],
    ['a file in the temporary folder', await file(await scratch(surroundings, '/tmp'))],
    ['a key of Redis with its details, compared and set, by a Unix socket', inRedis],
  ] as const;
  const times = ways.map((): number[] => []);
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [index, [, publisher]] of ways.entries()) {
      const from = performance.now();
      for (let turn = 0; turn < TIMES; turn += 1) {
        const token = tokenOf(round * TIMES + turn);
        const outcome = await publisher.publish(token, judgeOf(token));
        if (outcome !== 'written') throw new Error(`not published: ${JSON.stringify(outcome)}`);
      }
      if (round >= 0) times[index]?.push((performance.now() - from) / TIMES);
    }
  }
  const [inMemory = []] = times;
  return {
    title: `What it costs to publish one token, ${TIMES} one after another in each of ${ROUNDS} rounds`,
    rows: [
      ['', 'a publication', 'over the file in memory'],
      ...ways.map(([name], index) => {
        const took = times[index] ?? [];
        return [name, shown(figuresOf(took), 'ms', 2), shown(ratiosOf(took, inMemory), '', 1)];
      }),
    ],
  };
}

/** As long as a real one. */
function tokenOf(turn: number): Token {
  const issuedAt = Date.now();
  return {
    value: new Secret(`90_${String(turn + TIMES).padStart(133, 'a')}`),
    ...{ expiresIn: 7200, issuedAt, expiresAt: issuedAt + 7_200_000, generation: turn + TIMES },
  };
}

/** So many of each run side by side. */
const SIDE_BY_SIDE = 4;

/** Until V8 has given back what loading the client took for a moment, ms: on a slow machine up to half a minute. */
const SETTLED = 60_000;

const MB = 2 ** 20;

/** What a difference of two daemons that do the same comes to by chance, MB. */
const CHANCE = 0.5;

/** Most that the client may take where it is configured, MB. */
const MOST = 6;

async function memoryRows(redis: BenchRedis, surroundings: Surroundings): Promise<readonly Row[]> {
  const { url } = await startPlatform(surroundings);
  const bare = await bundleWithout('ioredis', surroundings);
  const daemons = { without: [] as NodeProcess[], off: [] as NodeProcess[], on: [] as NodeProcess[] };
  for (let turn = 0; turn < SIDE_BY_SIDE; turn += 1) {
    daemons.without.push(await daemon(bare, url, undefined, surroundings));
    daemons.off.push(await daemon(BUNDLE, url, undefined, surroundings));
    daemons.on.push(await daemon(BUNDLE, url, redis, surroundings));
  }
  await delay(SETTLED);
  const ownOf = (all: readonly NodeProcess[]) =>
    Promise.all(all.map(async ({ pid }) => (await memoryOf(pid)).own / MB));
  const [without, off, on] = await Promise.all([daemons.without, daemons.off, daemons.on].map(ownOf));
  return [
    row(
      'memory of the Redis client at rest, not configured',
      'the program without the client',
      off,
      without,
      {
        words: 'nothing',
        most: CHANCE,
      },
    ),
    row('… configured, with a target', 'the same, not configured', on, off, {
      words: `≤ ${MOST} MB`,
      most: MOST,
    }),
  ];
}

function row(
  what: string,
  beside: string,
  ours: readonly number[] = [],
  bare: readonly number[] = [],
  { words, most }: { readonly words: string; readonly most: number },
): Row {
  const more: Figures = figuresOf(ours.map((own, index) => own - (bare[index] ?? Number.NaN)));
  return {
    what,
    ours: `${shown(figuresOf(ours), 'MB', 1)} its own`,
    bare: `${beside}: ${shown(figuresOf(bare), 'MB', 1)} its own`,
    figure: shown(more, 'MB', 1),
    budget: words,
    met: more.median <= most,
  };
}

const execute = promisify(execFile);

/** Seen from the bundle of the bench. */
const BUILD = fileURLToPath(new URL('../build/bundle.mjs', import.meta.url));

async function bundleWithout(name: string, surroundings: Surroundings): Promise<string> {
  // Beside the other one: elsewhere Node would take it for a script, and not for a module of this package.
  const folder = await scratch(surroundings, dirname(BUNDLE));
  await execute(process.execPath, [BUILD, folder, `--without=${name}`]);
  return join(folder, basename(BUNDLE));
}

/** One whose token is published: into a file, and into Redis where that is given. */
async function daemon(
  program: string,
  platform: string,
  redis: BenchRedis | undefined,
  surroundings: Surroundings,
): Promise<NodeProcess> {
  const folder = await scratch(surroundings);
  const config = join(folder, 'config.json');
  const file = { type: 'file', path: join(folder, 'volume', 'token') };
  const inRedis = { type: 'redis', connection: 'cache', key: `wx:access_token:${folder}` };
  const document = {
    platform: { baseUrl: platform },
    stateDir: join(folder, 'state'),
    ...(redis && { redis: [{ name: 'cache', url: `unix:${redis.socket}` }] }),
    credentials: [
      {
        ...{ name: 'bench', appId: TEST_APP, secretEnv: 'BENCH_APP_SECRET' },
        publish: redis ? [file, inRedis] : [file],
      },
    ],
  };
  await writeFile(config, JSON.stringify(document));
  const node = startNode([program, 'run', '--config', config], {
    ...surroundings,
    env: { BENCH_APP_SECRET: TEST_SECRET },
  });
  await node.lines(/"message":"published"/, redis ? 2 : 1);
  return node;
}
