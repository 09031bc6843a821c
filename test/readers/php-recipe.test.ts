import { mkdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { codeWith } from '../docs/readme.ts';
import { eventually } from '../support/wait.ts';
import { temporaryFolder } from '../system/folder.ts';
import { HOSTS, type HostName, type PhpHost, type PhpOptions, startPhp } from './php-host.ts';

const RECIPE = 'function wx_token';
const WITH_FILE = HOSTS.filter((name) => name.endsWith('without APCu'));

interface Shop extends PhpHost {
  /** What the printed `wx_token()` returns, or the message of what it throws. */
  readonly token: (script?: string) => Promise<string>;
  /** Stands for /var/run/wx. */
  readonly volume: string;
  /** Stands for /var/lib/shop. */
  readonly kept: string;
}

/** The recipe as it is printed, its two paths moved into a folder of the test, under a PHP that lives on. */
async function shop(context: TestContext, host: HostName, options?: PhpOptions): Promise<Shop> {
  const folder = await temporaryFolder();
  const volume = join(folder, 'wx');
  const kept = join(folder, 'shop');
  await mkdir(volume);
  await mkdir(kept, { mode: 0o700 });
  await addScript(folder, 'token.php', volume, kept);
  const php = await startPhp(context, host, folder, options);
  return { ...php, volume, kept, token: (script = 'token.php') => php.ask(script) };
}

async function addScript(folder: string, name: string, volume: string, kept: string): Promise<void> {
  const recipe = (await codeWith('php', RECIPE))
    .replaceAll('/var/run/wx', volume)
    .replaceAll('/var/lib/shop', kept);
  const app = 'try { echo wx_token(); } catch (RuntimeException $error) { echo $error->getMessage(); }';
  await writeFile(join(folder, name), `<?php\n${recipe}\n${app}\n`);
}

/** As the daemon does: a new file in the place of the old one. */
async function publish(volume: string, token: string): Promise<void> {
  await writeFile(join(volume, 'new'), token);
  await rename(join(volume, 'new'), join(volume, 'token'));
}

/** As the kubelet does with a Secret volume: a new folder, the link swapped, the old folder removed. */
async function swap(volume: string, generation: number): Promise<void> {
  const folder = join(volume, `..${generation}`);
  await mkdir(folder);
  await writeFile(join(folder, 'token'), `token ${generation}`);
  await symlink(`..${generation}`, join(volume, '..data_tmp'));
  await rename(join(volume, '..data_tmp'), join(volume, '..data'));
  if (generation === 1) await symlink('..data/token', join(volume, 'token'));
  await rm(join(volume, `..${generation - 1}`), { recursive: true, force: true });
}

describe.each(HOSTS)('the PHP recipe under %s', (host) => {
  it(`the PHP recipe keeps the last good value over requests under ${host}`, async (context) => {
    const { token, volume, said } = await shop(context, host, { freshWorkers: true });
    expect(await token()).toBe('there is no WeChat token yet');
    await publish(volume, 'first');
    expect(await token()).toBe('first');
    await publish(volume, 'second');
    expect(await token()).toBe('second');

    await publish(volume, '');
    for (let request = 0; request < 3; request += 1) expect(await token()).toBe('second');
    await rm(join(volume, 'token'));
    for (let request = 0; request < 3; request += 1) expect(await token()).toBe('second');
    await rm(volume, { recursive: true });
    expect(await token()).toBe('second');

    await mkdir(volume);
    await publish(volume, 'third');
    expect(await token()).toBe('third');
    expect(await said()).not.toMatch(/kept|PHP (Notice|Warning|Fatal)/);
  });

  it(`the PHP recipe reads each new token of a Secret volume under ${host}`, async (context) => {
    const { token, volume, kept } = await shop(context, host);
    for (let generation = 1; generation <= 5; generation += 1) {
      await swap(volume, generation);
      expect(await token()).toBe(`token ${generation}`);
      // What is kept hides no failed read.
      await rm(join(kept, 'wx-token'), { force: true });
    }
  });

  it(`two apps under one ${host} do not get each other's token`, async (context) => {
    const { token, volume } = await shop(context, host);
    const folder = join(volume, '..');
    const other = join(folder, 'other');
    await mkdir(join(other, 'wx'), { recursive: true });
    await mkdir(join(other, 'shop'));
    await addScript(folder, 'other.php', join(other, 'wx'), join(other, 'shop'));
    await publish(volume, 'one');
    expect(await token()).toBe('one');
    expect(await token('other.php')).toBe('there is no WeChat token yet');
    await publish(join(other, 'wx'), 'two');
    expect(await token('other.php')).toBe('two');
    await rm(join(volume, 'token'));
    expect(await token()).toBe('one');
  });

  it.for([
    ['', [], 'false'],
    ['clearstatcache(true, $file);', [], 'false'],
    ['clearstatcache(true);', [], '"token 2"'],
    ['', ['realpath_cache_size=0'], '"token 2"'],
  ] as const)(
    `after a change of a Secret volume, a read with "%s" and the settings %j under ${host} gives %s`,
    async ([before, settings, expected], context) => {
      const { ask, volume } = await shop(context, host, { settings });
      const script = `<?php $file = '${volume}/token'; ${before} echo json_encode(@file_get_contents($file));`;
      await writeFile(join(volume, '..', 'plain.php'), script);
      await swap(volume, 1);
      expect(await ask('plain.php')).toBe('"token 1"');
      await swap(volume, 2);
      expect(await ask('plain.php')).toBe(expected);
    },
  );
});

describe.each(WITH_FILE)('the PHP recipe under %s', (host) => {
  it(`the PHP recipe keeps the token for nobody else and no longer than it can live under ${host}`, async (context) => {
    const { token, volume, kept } = await shop(context, host);
    await publish(volume, 'first');
    expect(await token()).toBe('first');
    const file = join(kept, 'wx-token');
    expect((await stat(kept)).mode & 0o777).toBe(0o700);

    await rm(join(volume, 'token'));
    const inPast = (seconds: number) => new Date(Date.now() - seconds * 1000);
    await utimes(file, inPast(7000), inPast(7000));
    expect(await token()).toBe('first');
    await utimes(file, inPast(7200), inPast(7200));
    expect(await token()).toBe('there is no WeChat token yet');
  });

  it(`the PHP recipe says that it cannot keep the token, and returns it, under ${host}`, async (context) => {
    const { token, volume, kept, said } = await shop(context, host);
    await rm(kept, { recursive: true });
    await publish(volume, 'a-secret-token');
    expect(await token()).toBe('a-secret-token');
    // php-fpm's master writes what its workers say, a moment after the answer.
    const log = await eventually(async () => {
      const text = await said();
      return text.includes('the WeChat token is not kept for the next request') && text;
    });
    expect(log).not.toContain('a-secret-token');
  });
});
