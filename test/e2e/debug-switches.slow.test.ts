import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentOf } from '../support/files.ts';
import { type AtEnd, type Environment, startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { APP_ID, APP_SECRET, type Workbench, workbench } from './workbench.ts';

const CLASSIC = 'wx0000000000000001';
const CORP = 'ww0000000000000000';
const TYPES = { 'stable-token': APP_ID, 'access-token': CLASSIC, wecom: CORP } as const;
const SECRETS = { [APP_ID]: APP_SECRET, [CLASSIC]: 'a1b2c3d4'.repeat(4), [CORP]: '5e6f7a8b'.repeat(4) };

/** Sections of Node 20 to 24 and of the libraries inside; `*` is all of them. */
const SECTIONS = [
  ...['*', 'undici', 'fetch', 'websocket', 'stream', 'net', 'http', 'tls', 'https', 'http2', 'timer', 'fs'],
  ...['child_process', 'module', 'esm', 'worker', 'undici,stream,net', 'UNDICI'],
];

const NATIVE =
  'async_wrap,http2session,http2stream,tcpwrap,tlswrap,tcpconnectwrap,writewrap,pipewrap,processwrap,' +
  'fsreqcallback,fsreqpromise,inspector_server,code_cache,permission_model,diagnostics,crypto,internal,' +
  'shutdownwrap,getaddrinforeqwrap,filehandle,signalwrap,compile_cache,quic,ngtcp2';

const TRACES =
  'v8,node,node.async_hooks,node.bootstrap,node.console,node.dns.native,node.environment,node.fs.sync,' +
  'node.fs.async,node.net.native,node.perf,node.promises.rejections,node.vm.script,node.http';

const SWITCHES: readonly (readonly [string, (folder: string) => Environment])[] = [
  ...SECTIONS.map((section) => [`NODE_DEBUG=${section}`, () => ({ NODE_DEBUG: section })] as const),
  ['LOG_TOKENS=1', () => ({ LOG_TOKENS: '1' })],
  ['LOG_STREAM=1', () => ({ LOG_STREAM: '1' })],
  ['DEBUG=*', () => ({ DEBUG: '*', DIAGNOSTICS: '*' })],
  ['SSLKEYLOGFILE', (folder) => ({ SSLKEYLOGFILE: join(folder, 'keys') })],
  ['NODE_V8_COVERAGE', (folder) => ({ NODE_V8_COVERAGE: folder })],
  ['NODE_DEBUG_NATIVE', () => ({ NODE_DEBUG_NATIVE: NATIVE })],
  ...(
    ['--trace-sync-io', '--trace-warnings', '--trace-exit', '--trace-uncaught', '--trace-tls'] as const
  ).map((flag) => [`NODE_OPTIONS=${flag}`, () => ({ NODE_OPTIONS: flag })] as const),
  [
    'NODE_OPTIONS=--trace-event-categories',
    (folder) => ({
      NODE_OPTIONS: `--trace-event-categories=${TRACES} --trace-event-file-pattern=${folder}/trace-\${rotation}.log`,
    }),
  ],
  [
    'NODE_OPTIONS=--report-on-signal',
    (folder) => ({ NODE_OPTIONS: `--report-on-signal --report-directory=${folder}` }),
  ],
];

/** Every way in which what is printed may hold a text; Node shows bytes as pairs of digits, and the first 50 alone. */
function guises(text: string): readonly string[] {
  const hex = Buffer.from(text).toString('hex');
  const pairs = Buffer.from(text.slice(0, 16))
    .toString('hex')
    .replace(/..(?!$)/g, '$& ');
  return [
    text,
    encodeURIComponent(text),
    hex,
    pairs,
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
  ];
}

async function daemonOfAll(bench: Workbench, env: Environment, atEnd: AtEnd) {
  const { sandbox, folder } = bench;
  for (const appId of [CLASSIC, CORP]) {
    await sandbox.addAccount({ appId, secret: SECRETS[appId as keyof typeof SECRETS] });
  }
  const paths = Object.keys(TYPES).map((type) => join(folder, 'volume', type));
  const socket = join(folder, 'token.sock');
  const variables = Object.fromEntries(Object.entries(TYPES).map(([, id]) => [`SECRET_${id}`, SECRETS[id]]));
  const credentials = Object.entries(TYPES).map(([type, id], index) => ({
    ...{ name: type, type, secretEnv: `SECRET_${id}` },
    ...(type === 'wecom' ? { corpId: id } : { appId: id }),
    publish: [{ type: 'file', path: paths[index] }],
    notify: [{ type: 'exec', command: ['/bin/true'] }],
  }));
  const config = join(folder, 'config.json');
  const keys = { tokenServer: { listen: `unix:${socket}` }, http: { listen: '127.0.0.1:0' } };
  await writeFile(config, JSON.stringify({ ...keys, platform: { baseUrl: sandbox.url }, credentials }));
  const daemon = startProgram(['run', '--config', config], { env: { ...variables, ...env } }, atEnd);
  const tokens = async () =>
    (await Promise.all(paths.map((path) => contentOf(path)))).map((text) => text ?? '');
  await eventually(async () => (await tokens()).every((text) => text !== ''));
  const served = await new Promise<string>((resolve, reject) => {
    get({ socketPath: socket, path: `/token/${APP_ID}` }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
  return { daemon, tokens: await tokens(), served };
}

describe.concurrent('switches of the environment', () => {
  it.for(SWITCHES)('%s makes the daemon reveal no AppSecret and no token', async ([, switched], ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    const written = join(bench.folder, 'written');
    await mkdir(written);
    const env = switched(written);
    const { daemon, tokens } = await daemonOfAll(bench, env, ctx.onTestFinished);
    if (env['NODE_OPTIONS']?.includes('report')) {
      daemon.signal('SIGUSR2');
      if (process.allowedNodeEnvironmentFlags.has('--report-exclude-env')) {
        await eventually(async () => (await readdir(written)).length > 0);
      }
    }
    daemon.signal('SIGTERM');
    expect(await daemon.exited).toMatchObject({ code: 0 });
    const files = await Promise.all(
      (await readdir(written)).map((name) => readFile(join(written, name), 'latin1')),
    );
    const all = [daemon.stdout(), daemon.stderr(), ...files].join('\n');
    for (const secret of [...Object.values(SECRETS), ...tokens]) {
      for (const guise of guises(secret)) expect(all.includes(guise)).toBe(false);
    }
    expect(daemon.log().some(({ message }) => message.startsWith('NODE_DEBUG is ignored'))).toBe(
      env['NODE_DEBUG'] !== undefined,
    );
  });

  it.for(['LOG_TOKENS', 'LOG_STREAM'])(
    '%s makes check print nothing of a file in which somebody has written a secret',
    async (variable, ctx) => {
      const bench = await workbench(ctx.onTestFinished);
      const config = join(bench.folder, 'config.yaml');
      await writeFile(config, `credentials:\n  - name: shop\n    secret: ${APP_SECRET}\n`);
      const check = startProgram(
        ['check', '--config', config],
        { env: { [variable]: '1' } },
        ctx.onTestFinished,
      );
      expect(await check.exited).toMatchObject({ code: 78 });
      expect(check.stdout() + check.stderr()).not.toContain(APP_SECRET);
      expect(check.stderr()).toContain('a secret may not stand here');
    },
  );

  it('a flag that can reveal secrets and cannot be undone is logged', async (ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    const daemon = bench.run({ NODE_OPTIONS: '--heapsnapshot-signal=SIGUSR2' });
    await daemon.logged(/^--heapsnapshot-signal can reveal the AppSecret and tokens$/);
  });
});
