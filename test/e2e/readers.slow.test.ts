import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import WechatApi from 'co-wechat-api';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { codeWith } from '../docs/readme.ts';
import { startPhp } from '../readers/php-host.ts';
import { startProcess } from '../support/program.ts';
import { needsJava, needsTool } from '../support/tools.ts';
import { APP_ID, type Workbench, workbench } from './workbench.ts';

const ROTATIONS = 10;
const READERS = fileURLToPath(new URL('../readers/', import.meta.url));

interface Summary {
  readonly calls: number;
  readonly refused: number;
  readonly tokens: number;
}

describe.concurrent('G3: apps that read the published file', () => {
  const undo: (() => Promise<void>)[] = [];
  let bench: Workbench;

  // One daemon for all of them; each token is replaced after about 3.5 s and works until the next one is.
  beforeAll(async () => {
    const atEnd = (step: () => Promise<void>) => undo.unshift(step);
    bench = await workbench(atEnd, { tokenTtl: 8, rotationWindow: 5 });
    bench.run({ WXTOKEN_ROTATION_WINDOW: '5s' });
    await bench.newToken();
  });

  afterAll(async () => {
    for (const step of undo) await step();
  });

  it('a PHP reader has no call refused over ten rotations', async (ctx) => {
    await needsTool(ctx.skip, 'php');
    await reads(ctx, 'php', [`${READERS}Reader.php`]);
  });

  it('the printed PHP code under php-fpm has no call refused over ten rotations', async (ctx) => {
    const folder = await mkdtemp(join(tmpdir(), 'wx-'));
    ctx.onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const recipe = (await codeWith('php', 'function wx_token'))
      .replaceAll('/var/run/wx/token', bench.file)
      .replace('https://api.weixin.qq.com', bench.sandbox.url);
    const app = "echo json_encode([wx_token(), wx_get('/cgi-bin/getcallbackip')]);";
    await writeFile(join(folder, 'app.php'), `<?php\n${recipe}\n${app}\n`);
    const { ask } = await startPhp(ctx, 'php-fpm with APCu', folder);
    const used = new Set<string>();
    while (used.size <= ROTATIONS) {
      const [token, answer] = JSON.parse(await ask('app.php'));
      expect(answer).toMatchObject({ ip_list: expect.any(Array) });
      used.add(token);
      await delay(20);
    }
  });

  it('a Java reader has no call refused over ten rotations', async (ctx) => {
    const light = ['-Xmx64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    await needsJava(ctx.skip);
    await reads(ctx, 'java', [...light, `${READERS}Reader.java`]);
  });

  it('a Node reader with the SDK co-wechat-api has no call refused over ten rotations', async () => {
    const used = new Set<string>();
    const getToken = async () => {
      const details = JSON.parse(await readFile(`${bench.file}.json`, 'utf8'));
      const accessToken: string = details.access_token;
      used.add(accessToken);
      return { accessToken, expireTime: details.expires_at * 1000 };
    };
    const api = new WechatApi(APP_ID, 'the daemon alone knows it', getToken, undefined, true);
    api.prefix = `${bench.sandbox.url}/cgi-bin/`;
    while (used.size <= ROTATIONS) {
      // A refused call throws.
      const { ip_list } = await api.getIp();
      expect(ip_list.length).toBeGreaterThan(0);
      await delay(20);
    }
    const strangers = (await bench.fetches()).filter(
      ({ userAgent }) => !userAgent?.startsWith('wx-token-sidecar/'),
    );
    expect(strangers).toEqual([]);
  });

  async function reads(
    { onTestFinished }: TestContext,
    command: string,
    args: readonly string[],
  ): Promise<void> {
    const options = [bench.file, bench.sandbox.url, String(ROTATIONS)];
    const reader = startProcess(command, [...args, ...options], {}, onTestFinished);
    const exit = await reader.exited;

    expect(reader.stderr()).toBe('');
    expect(exit).toEqual({ code: 0, signal: null });
    const { calls, refused, tokens }: Summary = JSON.parse(reader.stdout());
    expect({ refused, tokens }).toEqual({ refused: 0, tokens: ROTATIONS + 1 });
    expect(calls).toBeGreaterThan(ROTATIONS);
  }
});
