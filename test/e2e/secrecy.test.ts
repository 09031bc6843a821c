import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/sandbox/index.ts';
import { type AtEnd, startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { APP_ID, workbench } from './workbench.ts';

const CLASSIC = 'wx0000000000000001';
const CORP = 'ww0000000000000000';

/** With all that is written in another way in a URL, in JSON, in a shell or in base64. */
const OLD_SECRET = 'old+secret/of=the%shop&that?is#gone';
const SECRETS = {
  [APP_ID]: 'new+secret/of=the%shop&that?is#here',
  [CLASSIC]: `classic"secret'$with\\everything<that>escapes`,
  [CORP]: 'corp~secret|with{braces}[and]more;',
};

/** Every way in which a text may show itself. */
function guises(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const encoded = encodeURIComponent(text);
  return [
    ...new Set([
      text,
      json,
      JSON.stringify(json).slice(1, -1),
      encoded,
      encodeURIComponent(encoded),
      new URLSearchParams({ x: text }).toString().slice(2),
      Buffer.from(text).toString('base64').replace(/=+$/, ''),
      Buffer.from(text).toString('hex'),
    ]),
  ];
}

/** Where each sends its secret. */
const ENDPOINTS = [
  [APP_ID, '/cgi-bin/stable_token'],
  [CLASSIC, '/cgi-bin/token'],
  [CORP, '/cgi-bin/gettoken'],
] as const;

/** Answers that repeat what they were asked: all of it tempting to log. */
const ECHOES: readonly Fault[] = ENDPOINTS.flatMap(([appId, path]): Fault[] => {
  const secret = SECRETS[appId];
  const inUrl = encodeURIComponent(secret);
  const met = { path, appId, times: 1 };
  return [
    { kind: 'errcode', errcode: 987654, errmsg: `no ${secret}, secret=${inUrl}`, ...met },
    { kind: 'redirect', location: `https://portal.example.com/?secret=${inUrl}`, ...met },
    { kind: 'body', body: `<p>${secret}</p>`, contentType: 'text/html', ...met },
  ];
});

async function webhook(atEnd: AtEnd) {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(`${request.url} ${JSON.stringify(request.headers)}`);
    request.setEncoding('utf8').on('data', (text: string) => heard.push(text));
    request.on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(async () => void server.close());
  const address = server.address();
  return {
    heard,
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/changed`,
  };
}

/** All files below a folder. */
async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** What a process shows to its neighbours. */
async function shownBy(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8')) + (await readFile(`/proc/${pid}/comm`, 'utf8'));
}

describe('G8: secrets stay secret', () => {
  it('secrets leave the process only for the platform and stand only in files meant for them', async ({
    onTestFinished,
  }) => {
    const { sandbox, folder } = await workbench(onTestFinished, {
      accounts: [
        { appId: APP_ID, secret: OLD_SECRET },
        { appId: CLASSIC, secret: SECRETS[CLASSIC] },
        { appId: CORP, secret: SECRETS[CORP] },
      ],
    });
    const { heard, url } = await webhook(onTestFinished);
    const at = (...parts: string[]) => join(folder, ...parts);
    await mkdir(at('feedback'));
    await writeFile(at('hook'), `#!/bin/sh\nenv >> ${at('said')}\n`);
    await chmod(at('hook'), 0o755);
    const secretOf = async (appId: string, secret: string) => {
      await writeFile(at('secrets', appId), `${secret}\n`, { mode: 0o600 });
      return at('secrets', appId);
    };
    const published = (name: string) => [
      { type: 'file', path: at('volume', name) },
      ...['json', 'env', 'php', 'properties', 'wechat-ruby', 'thinkadmin'].map((format) => ({
        type: 'file',
        path: at('volume', `${name}.${format}-file`),
        format,
      })),
    ];
    const notify = [
      { type: 'exec', command: [at('hook')] },
      { type: 'webhook', url },
    ];
    const config = at('config.json');
    await writeFile(
      config,
      JSON.stringify({
        schedule: '* * * * * *',
        stateDir: at('state'),
        http: { listen: '127.0.0.1:0' },
        tokenServer: { listen: `unix:${at('tokens.sock')}` },
        log: { level: 'debug' },
        feedback: { directory: at('feedback') },
        platform: { baseUrl: sandbox.url },
        credentials: [
          {
            name: 'shop',
            appId: APP_ID,
            secretFile: await secretOf(APP_ID, OLD_SECRET),
            tickets: ['jsapi'],
            publish: [...published('shop'), { type: 'file', path: at('volume', 'jsapi'), of: 'jsapi' }],
            notify,
          },
          {
            name: 'classic',
            type: 'access-token',
            appId: CLASSIC,
            secretFile: await secretOf(CLASSIC, SECRETS[CLASSIC]),
            publish: published('classic'),
            notify,
          },
          {
            name: 'corp',
            type: 'wecom',
            corpId: CORP,
            secretFile: await secretOf(CORP, SECRETS[CORP]),
            publish: published('corp'),
          },
        ],
      }),
    );

    const tokens = new Set<string>();
    const names = ['shop', 'classic', 'corp', 'jsapi'];
    const lookAtTokens = async () => {
      for (const name of names) {
        const value = await readFile(at('volume', name), 'utf8').catch(() => '');
        if (value !== '') tokens.add(value);
      }
      return tokens.size;
    };

    const daemon = startProgram(['run', '--config', config], {}, onTestFinished);
    const { message } = await daemon.logged(/^health and metrics on /);
    await eventually(async () => (await lookAtTokens()) === names.length, { for: 'all tokens' });

    // The AppSecret is replaced, and everything that can go wrong does.
    await sandbox.account(APP_ID).patch({ secret: SECRETS[APP_ID] });
    await secretOf(APP_ID, SECRETS[APP_ID]);
    await eventually(async () => (await sandbox.calls('/cgi-bin/stable_token')) > 1, {
      for: 'the new secret',
    });
    const others: string[] = [];
    const also = async (...args: string[]) => {
      const program = startProgram([...args, '--config', config], {}, onTestFinished);
      others.push(await shownBy(program.pid).catch(() => ''));
      await program.exited;
      others.push(program.stdout(), program.stderr());
    };
    await sandbox.faults(ECHOES);
    const calls = () => Promise.all(ENDPOINTS.map(([appId, path]) => sandbox.calls(path, appId)));
    for (const round of [1, 2, 3]) {
      const before = await calls();
      daemon.signal('SIGHUP');
      await eventually(async () => (await calls()).every((count, index) => count > (before[index] ?? 0)), {
        for: `round ${round}`,
      });
    }
    await sandbox.clearFaults();
    await also('refresh', '--force');
    await writeFile(at('feedback', 'one'), [...tokens][0] ?? '');
    await daemon.logged(({ message: told }) => /reader/.test(told));
    await lookAtTokens();
    await also('check', '--online');
    await also('status');
    await also('once');

    const health = message.split(' ').at(-1);
    for (const path of ['/', '/livez', '/readyz', '/startupz', '/metrics', '/nothing']) {
      const answers = [undefined, 'text/html'].map((accept) =>
        fetch(`http://${health}${path}`, { headers: accept === undefined ? {} : { accept } }),
      );
      for (const answer of answers) others.push(await (await answer).text());
    }
    others.push(await shownBy(daemon.pid));
    daemon.signal('SIGTERM');
    expect(await daemon.exited).toMatchObject({ code: 0 });
    await lookAtTokens();

    const said = [daemon.stdout(), daemon.stderr(), ...others, ...heard].join('\n');
    // It has been through all of it.
    const signs = ['987654', 'http-302', 'not JSON', 'wx_token_refresh_total', 'WeChat: 3 good'];
    expect(signs.filter((sign) => !said.includes(sign))).toEqual([]);
    expect(tokens.size).toBeGreaterThan(names.length);

    const secrets = [OLD_SECRET, ...Object.values(SECRETS)].flatMap(guises);
    const values = [...tokens].flatMap(guises);
    let statuses = '';
    const leaked = (text: string, what: readonly string[]) => what.filter((guise) => text.includes(guise));
    expect(leaked(said, [...secrets, ...values])).toEqual([]);
    for (const path of await filesIn(folder)) {
      if (path.startsWith(at('secrets')) || path === config) continue;
      const text = await readFile(path, 'utf8');
      expect(leaked(text, secrets), path).toEqual([]);
      if (path.startsWith(at('volume'))) continue;
      const isState = path.startsWith(at('state'));
      if (isState) expect((await stat(path)).mode & 0o777, path).toBe(0o600);
      // A record holds the token; what the daemon tells `status` does not.
      if (!isState || path.startsWith(at('state', 'status'))) {
        expect(leaked(text, values), path).toEqual([]);
        statuses += isState ? text : '';
      }
    }
    expect(statuses).toContain('"credential":"shop"');
  });
});
