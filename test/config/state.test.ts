import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isFetched } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { account, inJson, place, withoutPlaces } from './written.ts';

const CACHE = { name: 'cache', url: 'redis://127.0.0.1:6379' };
const SHARED = { redis: [CACHE], state: { redis: { connection: 'cache' } } };

async function load(
  keys: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string>> = {},
) {
  const { folder } = await place();
  const file = join(folder, 'config.json');
  await writeFile(file, inJson([account({ type: 'access-token' })], keys).replaceAll('$FOLDER', folder));
  return loadConfig(environment, { file, publishes: false });
}

async function problemsOf(keys: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  const { problems } = await place();
  return withoutPlaces(await problems(inJson([account()], keys)));
}

describe('settings of the shared state in Redis', () => {
  it('keys begin with the name of the program unless another prefix is chosen', async () => {
    expect((await load(SHARED)).state).toEqual({
      redis: { connection: 'cache', prefix: 'wx-token-sidecar:' },
    });
    const chosen = { ...SHARED, state: { redis: { connection: 'cache', prefix: 'shop:wx:' } } };
    expect((await load(chosen)).state).toEqual({ redis: { connection: 'cache', prefix: 'shop:wx:' } });
  });

  it('daemons that share it are coordinated, also in pods', async () => {
    const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    const { coordinated, credentials } = await load(SHARED, pod);
    expect(coordinated).toBe(true);
    expect(credentials.filter(isFetched).map((one) => one.coordinated)).toEqual([true]);
  });

  it('a folder is asked for where no file is published, by what it holds beside Redis', async () => {
    const publish = [{ type: 'redis', connection: 'cache', key: 'wx:token' }];
    const { problems } = await place();
    expect(withoutPlaces(await problems(inJson([account({ publish })], SHARED)))).toEqual([
      'stateDir: is required where nothing is published into a file: the folder for requests of refresh and what status reads',
    ]);
  });

  it.for([
    ['no connection', { redis: [CACHE], state: { redis: {} } }, /^state\.redis\.connection: is required/],
    ['no redis', { redis: [CACHE], state: {} }, /^state\.redis: is required/],
    [
      'an unknown connection',
      { redis: [CACHE], state: { redis: { connection: 'other' } } },
      /^state\.redis\.connection: is not the name of an entry of redis; there are: cache$/,
    ],
    [
      'an unknown connection, where two entries have one name',
      { redis: [CACHE, CACHE], state: { redis: { connection: 'other' } } },
      /^state\.redis\.connection: is not the name of an entry of redis; there are: cache$/,
    ],
    [
      'no connections at all',
      { state: { redis: { connection: 'cache' } } },
      /^state\.redis\.connection: is not the name of an entry of redis$/,
    ],
    [
      'a prefix with a hash tag',
      { redis: [CACHE], state: { redis: { connection: 'cache', prefix: '{wx}:' } } },
      /^state\.redis\.prefix: must be 1 to 64 printable characters without blanks and braces/,
    ],
    [
      'a cluster beside it',
      { ...SHARED, cluster: { lease: { name: 'wx-token' }, secret: { name: 'wx-token' } } },
      /^state: does not go with cluster, which keeps the records in a Secret; leave one out$/,
    ],
  ] as const)('%s is reported', async ([, keys, line]) => {
    const problems = await problemsOf(keys);
    expect(problems.filter((one) => one.startsWith('state'))).toEqual([expect.stringMatching(line)]);
  });
});
