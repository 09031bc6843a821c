import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { missing } from '../support/tools.ts';
import { appIdOf, TEST_SECRET } from './account.ts';
import { alternative } from './deployment.ts';
import { figuresOf, ratiosOf, shown } from './figures.ts';
import { startNode } from './node.ts';
import { startPlatform } from './platform.ts';
import { startRedis } from './redis-server.ts';
import type { Measure, Surroundings } from './row.ts';
import { scratch } from './scratch.ts';

const ROUNDS = 10;
/** In a round, one after another. */
const READS = 500;

/** An app that asks for its token again and again, wherever it may be had; told by round, in µs. */
export const measureReading: Measure = async (surroundings) => {
  const folder = await scratch(surroundings);
  const file = join(folder, 'token');
  await writeFile(file, `90_${'a'.repeat(133)}`);
  const server = await tokenServer(surroundings);
  const redis = (await startRedis(surroundings))?.socket;
  const reader = startNode([alternative('reader')], {
    ...surroundings,
    env: {
      ...{ FILE: file, SERVER: server, ROUNDS: String(ROUNDS), READS: String(READS) },
      ...(redis !== undefined && { REDIS: redis }),
    },
  });
  const [, json = ''] = await reader.line(/times (.+)/);
  const times: Readonly<Record<string, readonly number[]>> = JSON.parse(json);
  const ours = times['file'] ?? [];
  const rows = NAMES.map(([key, name]) => {
    const found = times[key];
    if (!found) return [name, `not measured: ${missing('redis-server')}`, ''];
    return [name, shown(figuresOf(found), 'µs'), shown(ratiosOf(found, ours), '', 1)];
  });
  return [
    {
      title: `What a token costs its reader, ${READS} reads one after another in each of ${ROUNDS} rounds, all on this machine`,
      rows: [['', 'a read', 'over the file'], ...rows],
    },
  ];
};

const NAMES = [
  ['file', 'the published file, read at each use'],
  ['server', 'a token server, HTTP with keep-alive'],
  ['redis', 'Redis, GET on a unix socket'],
] as const;

async function tokenServer(surroundings: Surroundings): Promise<string> {
  const { url } = await startPlatform(surroundings, ['--account', `${appIdOf(0)}:${TEST_SECRET}`]);
  const server = startNode([alternative('token-server')], {
    ...surroundings,
    env: { URL: url, APP: appIdOf(0), SECRET: TEST_SECRET },
  });
  const [, address = ''] = await server.line(/on (\S+)/);
  return `http://${address}/`;
}
