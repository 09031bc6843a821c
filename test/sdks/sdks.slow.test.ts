import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { JournalEntry } from '../../src/sandbox/index.ts';
import { rowsOf, sectionOf, textOf } from '../docs/readme.ts';
import { contentOf } from '../support/files.ts';
import { type Program, startProcess, startProgram } from '../support/program.ts';
import { openSandbox, type TestSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { installSdks, writeApp } from './install.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SECRET = '0123456789abcdef'.repeat(2);
const ROTATIONS = 5;

/** Each SDK, with how a test uses what its recipe exports: one call, and where it can the signature of a page. */
const SDKS = [
  {
    sdk: 'co-wechat-api',
    exported: 'api',
    call: 'api.getIp()',
    sign: '(url) => Promise.all([1, 2, 3].map(() => api.getJsConfig({ url })))',
  },
  {
    sdk: 'wechat-api',
    exported: 'api',
    call: 'promisify(api.getIp.bind(api))()',
    sign: '(url) => promisify(api.getJsConfig.bind(api))({ url })',
  },
  {
    sdk: 'wechat-enterprise-api',
    exported: 'api',
    // It hands over the bytes of this answer unread.
    call: 'promisify(api.getCallbackIP.bind(api))().then(JSON.parse)',
    sign: '(url) => promisify(api.getJsConfig.bind(api))({ url })',
    isCorp: true,
  },
  {
    sdk: 'nest-wechat',
    exported: 'wechat',
    call: 'wechat.getToken().then(probe)',
    sign: '(url) => wechat.jssdkSignature(url)',
  },
  {
    sdk: 'node-easywechat',
    exported: 'app',
    call: "app.getClient().get('cgi-bin/getcallbackip').then((answer) => answer.toObject())",
    sign: '(url) => app.getUtils().buildJsSdkConfig(url)',
  },
  {
    sdk: 'wechat-jssdk',
    exported: 'wechat',
    call: 'wechat.store.getGlobalToken().then(({ accessToken }) => probe(accessToken))',
    sign: '(url) => wechat.jssdk.getSignature(url)',
  },
] as const;

const OFFICIAL = {
  appId: 'wx1111111111111111',
  type: 'stable-token',
  ticket: 'jsapi',
  wcId: 'appId',
} as const;
const CORP = { appId: 'ww1111111111111111', type: 'wecom', ticket: 'corp_jsapi', wcId: 'corpId' } as const;

/** Where credentials are fetched: a reader never calls these. */
const FETCHES = [
  '/cgi-bin/token',
  '/cgi-bin/stable_token',
  '/cgi-bin/gettoken',
  '/cgi-bin/ticket/getticket',
  '/cgi-bin/get_jsapi_ticket',
];

const BUSINESS = '/cgi-bin/getcallbackip';

describe.concurrent('docs/sdks.md', () => {
  const undo: (() => Promise<unknown>)[] = [];
  const sandboxes = new Map<string, TestSandbox>();
  let folder: string;
  let absence: string | undefined;

  // One daemon for all; each SDK has a platform of its own, so that one can be refused while the others go on.
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wx-'));
    undo.unshift(() => rm(folder, { recursive: true, force: true }));
    absence = await installSdks(folder);
    if (absence) return;

    const secretFile = join(folder, 'secret');
    await writeFile(secretFile, SECRET, { mode: 0o600 });
    const credentials: unknown[] = [];
    for (const entry of SDKS) {
      const { appId, type, ticket, wcId } = accountOf(entry);
      // A stable token is replaced after about 3.5 s and works until the next one is.
      const rules = { tokenTtl: 8, rotationWindow: 5 };
      const sandbox = await openSandbox({ accounts: [{ appId, secret: SECRET }], ...rules });
      undo.unshift(sandbox.close);
      sandboxes.set(entry.sdk, sandbox);
      const path = (name: string) => join(folder, 'volumes', entry.sdk, name);
      credentials.push({
        name: entry.sdk,
        type,
        [wcId]: appId,
        ...(type === 'stable-token' && { rotationWindow: '5s' }),
        secretFile,
        platform: { baseUrl: sandbox.url },
        tickets: [ticket],
        publish: [
          { type: 'file', path: path('token') },
          { type: 'file', path: path(`${ticket}_ticket`), of: ticket },
        ],
      });
    }
    const config = join(folder, 'config.json');
    await writeFile(config, JSON.stringify({ schedule: '* * * * * *', credentials }));
    startProgram([], { env: { WXTOKEN_CONFIG: config } }, (step) => undo.unshift(step));
  });

  afterAll(async () => {
    for (const step of undo) await step();
  });

  for (const entry of SDKS) {
    it(`${entry.sdk} uses what is published over several rotations, and fetches neither then nor after a refused call`, async (context) => {
      if (absence) context.skip(absence);
      const sandbox = sandboxes.get(entry.sdk);
      if (!sandbox) throw new TypeError(`${entry.sdk} has no platform`);
      const { ticket } = accountOf(entry);
      const volume = join(folder, 'volumes', entry.sdk);
      await eventually(() => contentOf(join(volume, `${ticket}_ticket`)), { for: 'a ticket' });
      const mount = join(folder, `${entry.sdk}-mounted`);
      const app = await startApp(context, entry, mount, sandbox.url);
      const calls = async () => (await sandbox.journal()).filter(isOfReader);

      // Nothing is mounted yet: the SDK says so, and does not help itself.
      await eventually(() => app.stdout().includes('refused: there is no WeChat token yet\n'), {
        for: 'no token',
      });
      expect(await calls()).toEqual([]);

      await symlink(volume, mount);
      await eventually(() => app.stdout().includes('answered\n'), { for: 'an answer' });
      const since = app.stdout().length;
      await eventually(async () => tokensOf(await calls()).size > ROTATIONS, {
        for: `${ROTATIONS} rotations`,
      });
      const outcomes = new Set(app.stdout().slice(since).trim().split('\n'));
      // A WeCom token cannot be replaced before its end, so it is met dead until the daemon has the next one.
      if ('isCorp' in entry) for (const met of ['refused: 42001', 'refused: 40014']) outcomes.delete(met);
      expect(outcomes).toEqual(new Set(['answered', 'signed']));

      // The moment at which SDKs like to fetch.
      for (const errcode of [40001, 42001]) {
        await sandbox.faults([{ kind: 'errcode', errcode, path: BUSINESS }]);
        await eventually(() => app.stdout().includes(`refused: ${errcode}\n`), { for: `${errcode}` });
      }
      await sandbox.clearFaults();
      const refused = app.stdout().length;
      await eventually(() => app.stdout().slice(refused).includes('answered\n'), { for: 'an answer again' });
      expect((await calls()).filter(({ path }) => FETCHES.includes(path))).toEqual([]);
    });
  }

  it('@cloudbase/node-sdk hands the published token of that moment to its gateway', async (context) => {
    if (absence) context.skip(absence);
    const handed: string[] = [];
    const gateway = createServer((request, response) => {
      let body = '';
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', () => {
        handed.push(JSON.parse(body).wxCloudbaseAccesstoken);
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ requestId: '1', data: { responseData: '{}' } }));
      });
    });
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    context.onTestFinished(() => void gateway.close());
    const mount = join(folder, 'volumes', 'co-wechat-api');
    const main = `import { callWxOpenApi } from './cloudbase.mjs';
import { drive } from '${HERE}drive.mjs';
drive(() => callWxOpenApi({ apiName: 'a', requestData: {} }));`;
    const app = await writeApp(folder, { recipe: 'cloudbase', appId: OFFICIAL.appId, mount, main });
    const { port } = gateway.address() as AddressInfo;
    const platform = `http://127.0.0.1:${port}`;
    const env = { PLATFORM: platform };
    startProcess(
      process.execPath,
      ['--require', `${HERE}redirect.cjs`, join(app, 'main.mjs')],
      { env },
      context.onTestFinished,
    );

    await eventually(() => new Set(handed).size > 2, { for: 'two rotations' });
    const current = await readFile(join(mount, 'token'), 'utf8');
    await eventually(() => handed.includes(current), { for: 'the token of now' });
    expect(handed.every((token) => token.length > 16)).toBe(true);
  });

  /** An app of this SDK, written as the page says, that calls WeChat without a pause. */
  async function startApp(
    { onTestFinished }: TestContext,
    entry: (typeof SDKS)[number],
    mount: string,
    platform: string,
  ): Promise<Program> {
    const { appId, ticket } = accountOf(entry);
    const main = `import { promisify } from 'node:util';
import { ${entry.exported} } from './${entry.sdk}.mjs';
import { drive } from '${HERE}drive.mjs';
const probe = async (token) => (await fetch('${platform}${BUSINESS}?access_token=' + token)).json();
drive(async () => ${entry.call}, ${entry.sign}, '${mount}/${ticket}_ticket');`;
    const app = await writeApp(folder, { recipe: entry.sdk, appId, mount, main });
    const args = ['--require', `${HERE}redirect.cjs`, join(app, 'main.mjs')];
    return startProcess(process.execPath, args, { env: { PLATFORM: platform } }, onTestFinished);
  }
});

it('docs/sdks.md names the very versions that the tests install', async () => {
  const { packages } = JSON.parse(await textOf('test/sdks/package-lock.json'));
  const [, ...rows] = rowsOf(sectionOf(await textOf('docs/sdks.md'), 'What holds for all of them'));
  const named = rows.flatMap(([sdk = '', version = '']) => {
    const name = /\[(.+?)\]/.exec(sdk)?.[1] ?? '';
    const [, own, other, others] = /^(\S+?)(?:, with `(\S+)` (\S+))?$/.exec(version) ?? [];
    return own ? [[name, own], ...(other ? [[other, others]] : [])] : [];
  });
  expect(named.length).toBe(SDKS.length + 3);
  const installed = (name = '', under = '') =>
    (packages[`node_modules/${under}/node_modules/${name}`] ?? packages[`node_modules/${name}`])?.version;
  expect(
    named.map(([name]) => [name, installed(name, name === 'urllib' ? 'wechat-enterprise-api' : '')]),
  ).toEqual(named);
});

const accountOf = (entry: (typeof SDKS)[number]) => ('isCorp' in entry ? CORP : OFFICIAL);

const isOfReader = ({ userAgent }: JournalEntry) => !userAgent?.startsWith('wx-token-sidecar/');

const tokensOf = (calls: readonly JournalEntry[]) =>
  new Set(
    calls.filter(({ errcode }) => errcode === 0 || errcode === null).map(({ tokenSha256 }) => tokenSha256),
  );
