import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { rowsOf, textOf } from '../docs/readme.ts';
import { isMissing, missing } from '../support/tools.ts';
import { asking } from './asking.ts';
import { connectProxy } from './proxies.ts';
import { tcpServer } from './servers.ts';

const execute = promisify(execFile);

/** A row of the tables in docs/configuration.md: the environment, a URL, and which way it goes here and with curl. */
interface Row {
  readonly environment: string;
  readonly url: string;
  readonly here: string;
  readonly curl: string;
}

const NAMES = ['https_proxy', 'all_proxy', 'http_proxy', 'no_proxy'].flatMap((name) => [
  name,
  name.toUpperCase(),
]);

const ROWS: readonly Row[] = rowsOf(await textOf('docs/configuration.md'))
  .map((cells) => cells.map((cell) => cell.replaceAll('`', '')))
  .filter(([environment = '']) => NAMES.some((name) => environment.startsWith(`${name}=`)))
  .map(([environment = '', url = '', here = '', curl = '']) => ({
    ...{ environment, url, here },
    curl: /^(a|b|s|direct|error)$/.test(curl) ? curl : here,
  }));

/** Proxies that refuse, so that nothing leaves this machine, and what a row means with them. */
async function laboratory() {
  const [a, b] = [await connectProxy(403), await connectProxy(403)];
  let isSocksAsked = false;
  const socks = await tcpServer((socket) => {
    isSocksAsked = true;
    socket.destroy();
  });
  // Names and addresses that lead nowhere, in place of those of the page.
  const local = (text: string) =>
    text
      .replaceAll(/\ba:3128/g, `127.0.0.1:${a.port}`)
      .replaceAll(/\bb:3128/g, `127.0.0.1:${b.port}`)
      .replaceAll(/\bs:1080/g, `127.0.0.1:${socks}`)
      .replaceAll(/(example)\.com/gi, '$1.invalid')
      .replaceAll(/\b10(\.\d+\.\d+\.\d+)/g, '127$1')
      .replaceAll('2001:db8::5', '::1');
  const asked = () => [
    ...(a.asked.length > 0 ? ['a'] : []),
    ...(b.asked.length > 0 ? ['b'] : []),
    ...(isSocksAsked ? ['s'] : []),
  ];
  return { local, asked };
}

function variablesOf(environment: string): Readonly<Record<string, string>> {
  const found = environment.matchAll(/(\w+)=(?:'([^']*)'|(\S*))/g);
  return Object.fromEntries([...found].map(([, name = '', quoted, plain = '']) => [name, quoted ?? plain]));
}

describe('proxies of the environment, as the tables of docs/configuration.md have it', () => {
  it('the tables are found', () => {
    expect(ROWS.length).toBeGreaterThan(45);
    expect(ROWS.filter(({ here, curl }) => here !== curl).length).toBeGreaterThan(10);
  });

  it.each(ROWS)('with $environment a request to $url goes by: $here', async ({ environment, url, here }) => {
    const { local, asked } = await laboratory();
    const variables = variablesOf(local(environment));
    for (const name of NAMES) vi.stubEnv(name, variables[name]);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const failed = await asking('stable-token', local(url), { timeout: 20_000 }).failure();
    const [way = failed.code === 'proxy' ? 'error' : 'direct', ...more] = asked();
    expect([way, ...more]).toEqual([here]);
  });
});

describe('proxies of the environment with curl', () => {
  /** Why curl cannot be compared with; prefix lengths came with 7.86. */
  let unfit: string | undefined;

  beforeAll(async () => {
    const said = await execute('curl', ['--version']).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
      return undefined;
    });
    const [, major = '0', minor = '0'] = /^curl (\d+)\.(\d+)/.exec(said?.stdout ?? '') ?? [];
    if (said === undefined) unfit = missing('curl');
    else if (Number(major) * 100 + Number(minor) < 786) unfit = 'this curl is older than 7.86';
  });

  it.for(ROWS)(
    'with $environment curl takes to $url the way $curl',
    async ({ environment, url, curl }, ctx) => {
      if (unfit !== undefined) return ctx.skip(unfit);
      const { local, asked } = await laboratory();
      const { PATH = '' } = process.env;
      const env = { PATH, ...variablesOf(local(environment)) };
      const args = ['-q', '-sS', '-o', '/dev/null', '--max-time', '20', local(url)];
      const said = await execute('curl', args, { env }).then(
        () => '',
        (error: { readonly stderr: string }) => error.stderr,
      );
      const [way = /proxy/i.test(said) ? 'error' : 'direct', ...more] = asked();
      expect([way, ...more]).toEqual([curl]);
    },
  );
});
