import { rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startProgram } from '../support/program.ts';
import { runHere } from '../support/run-here.ts';
import { eventually } from '../support/wait.ts';
import { APP_ID, workbench } from './workbench.ts';

const TITLE = '某某商城 服务号';
const NEXT_TITLE = '某某商城 <b>订阅号</b>';
const UTF8 = { LC_ALL: 'C.UTF-8' };

it('people find the title of a credential in log, page, status and check, machines its name, and a new one costs nothing', async ({
  onTestFinished,
}) => {
  const { sandbox, folder, file, env, newToken, fetches } = await workbench(onTestFinished);
  const config = join(folder, 'config.json');
  const write = async (title: string) => {
    const secretFile = env()['WXTOKEN_SECRET_FILE'];
    const shop = {
      ...{ name: 'shop', title, appId: APP_ID, secretFile },
      publish: [{ type: 'file', path: file }],
    };
    const keys = { http: { listen: '127.0.0.1:0' }, platform: { baseUrl: sandbox.url } };
    await writeFile(`${config}.new`, JSON.stringify({ ...keys, credentials: [shop] }));
    await rename(`${config}.new`, config);
  };
  await write(TITLE);
  const daemon = startProgram(['run', '--config', config], {}, onTestFinished);
  await newToken();
  await daemon.logged(/^published$/);
  const { message: listening = '' } =
    daemon.log().find(({ message }) => /^health and metrics on/.test(message)) ?? {};
  const [, address = ''] = /on (\S+)$/.exec(listening) ?? [];
  const get = async (path: string, accept = '*/*') =>
    (await fetch(`http://${address}${path}`, { headers: { accept } })).text();

  const aboutIt = daemon.log().filter((line) => 'credential' in line);
  expect(aboutIt.length).toBeGreaterThan(1);
  for (const line of aboutIt) expect(line).toMatchObject({ credential: 'shop', title: TITLE });
  expect(daemon.log().find(({ message }) => message === 'started')).toMatchObject({
    credentials: [{ name: 'shop', title: TITLE }],
  });
  expect(await get('/', 'text/html')).toContain(TITLE);
  expect(JSON.parse(await get('/')).credentials).toMatchObject([{ credential: 'shop', title: TITLE }]);
  expect(await get('/metrics')).toContain('credential="shop"');
  expect(await get('/metrics')).not.toContain('某');

  const said = await runHere('status', ['--config', config], UTF8);
  expect(said.stdout).toMatch(/^CREDENTIAL {2}TITLE {12}KIND .*\nshop {8}某某商城 服务号 {2}token /);
  const json = JSON.parse((await runHere('status', ['--config', config, '--json'], UTF8)).stdout);
  expect(json.credentials).toMatchObject([{ credential: 'shop', title: TITLE }]);
  const checked = await runHere('check', ['--config', config], UTF8);
  expect(checked.stdout).toContain(`shop (${TITLE}): stable-token of ${APP_ID}\n`);

  const { ino } = await stat(file);
  await write(NEXT_TITLE);
  await daemon.logged(/^configuration reloaded$/);
  await eventually(async () => (await get('/', 'text/html')).includes('&lt;b&gt;订阅号&lt;/b&gt;'));
  expect(await get('/', 'text/html')).not.toContain('<b>订阅号');
  expect((await stat(file)).ino).toBe(ino);
  expect(await fetches()).toHaveLength(1);
});
