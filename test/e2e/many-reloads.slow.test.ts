import { readdir, readlink, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startProgram } from '../support/program.ts';
import { startRedis } from '../support/redis-server.ts';
import { eventually } from '../support/wait.ts';
import { APP_ID, APP_SECRET, workbench } from './workbench.ts';

const OTHERS = Array.from({ length: 10 }, (_, index) => `wx${String(index + 1).padStart(16, '0')}`);

/** What a process has open, by kind: `socket`, `anon_inode`, or a path. */
async function openIn(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder);
  const found = await Promise.all(names.map((name) => readlink(join(folder, name)).catch(() => undefined)));
  return found.flatMap((link) => link?.replace(/:.*/, '') ?? []);
}

it.runIf(process.platform === 'linux')(
  'sockets, watches and files do not grow over 50 reloads, and none of them costs a call',
  async (ctx) => {
    const redis = await startRedis(ctx, { config: ['notify-keyspace-events Kg$xe'] });
    const { sandbox, folder, newToken, fetches, file } = await workbench(ctx.onTestFinished);
    for (const appId of OTHERS) await sandbox.addAccount({ appId, secret: APP_SECRET });
    const secretFile = join(folder, 'secrets', 'app.secret');
    const config = join(folder, 'config.json');
    const write = async (title: string) => {
      const others = OTHERS.map((appId, index) => ({
        ...{ name: `other-${index}`, appId, secretFile },
        publish: [
          { type: 'file', path: join(folder, 'others', appId) },
          { type: 'redis', connection: 'cache', key: 'wx:{appId}' },
        ],
      }));
      const shop = { name: 'shop', title, appId: APP_ID, secretFile };
      const publish = [
        { type: 'file', path: file },
        { type: 'redis', connection: 'cache', key: 'wx:{appId}' },
      ];
      const document = {
        ...{ stateDir: join(folder, 'state'), platform: { baseUrl: sandbox.url } },
        http: { listen: '127.0.0.1:0' },
        redis: [{ name: 'cache', url: `redis://127.0.0.1:${redis.port}` }],
        credentials: [{ ...shop, publish }, ...others],
      };
      await writeFile(`${config}.new`, JSON.stringify(document));
      await rename(`${config}.new`, config);
    };
    await write('0');
    const daemon = startProgram(['--config', config], {}, ctx.onTestFinished);
    await newToken();
    for (const appId of [APP_ID, ...OTHERS]) await eventually(() => redis.cli('get', `wx:${appId}`));
    const reloads = () => daemon.log().filter(({ message }) => message === 'configuration reloaded').length;
    const clients = async () =>
      Number(/connected_clients:(\d+)/.exec(await redis.cli('info', 'clients'))?.[1]);
    const reload = async (count: number) => {
      const before = reloads();
      for (let done = 1; done <= count; done += 1) {
        await write(`${before + done}`);
        await eventually(() => reloads() >= before + done);
      }
    };
    // What is opened once, with the first reload, is no growth.
    await reload(2);
    const [open, connections] = [(await openIn(daemon.pid)).length, await clients()];
    await reload(50);
    await eventually(async () => (await openIn(daemon.pid)).length <= open);
    expect(await clients()).toBeLessThanOrEqual(connections);
    expect(await fetches()).toHaveLength(1 + OTHERS.length);
  },
);
