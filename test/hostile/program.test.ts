import { readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { APP_ID, APP_SECRET, sha256, workbench } from '../e2e/workbench.ts';
import { tcpServer } from '../providers/servers.ts';
import { contentOf } from '../support/files.ts';
import { startProgram } from '../support/program.ts';
import { startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import { STATUS } from './raw.ts';

const OTHER = 'wx1111111111111111';
const CHUNK = Buffer.alloc(64 * 1024, 'x');

/** What comes in place of an answer, as fast as it is taken, and what it is called in the log. */
const FLOODS: readonly (readonly [string, string | Buffer, string])[] = [
  [`${STATUS}Content-Length: ${2 ** 30}\r\n\r\n`, CHUNK, 'too-large'],
  [STATUS, 'X-Header: value\r\n'.repeat(4_000), 'too-large'],
  [`${STATUS}Transfer-Encoding: chunked\r\n\r\n1;`, CHUNK, 'timeout'],
  ['', '\r\n'.repeat(10_000), 'timeout'],
];

/**
 * What it may need more than at rest, at its peak, KB: 72 MB on a quiet machine. What was read is freed in a thread of V8, which on a
 * busy one lags behind.
 */
const MEMORY = 128 * 1024;

/** What stands between the daemon and the platform: nothing, or a flood. */
async function way(platform: string) {
  const state: { flood: (typeof FLOODS)[number] | undefined } = { flood: undefined };
  const port = await tcpServer((socket) => {
    if (state.flood) return pour(socket, state.flood);
    const upstream = connect(Number(new URL(platform).port), '127.0.0.1').on('error', () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
    socket.once('close', () => upstream.destroy());
  });
  return { url: `http://127.0.0.1:${port}`, state };
}

function pour(socket: Socket, [head, wave]: (typeof FLOODS)[number]): void {
  const more = () => {
    while (!socket.destroyed && socket.write(wave));
  };
  socket.once('data', () => {
    socket.write(head);
    socket.on('drain', more);
    more();
  });
}

describe('G4: floods in place of every answer', () => {
  it('the daemon keeps published tokens and bounded memory under floods, then recovers', async ({
    onTestFinished,
  }) => {
    const bench = await workbench(onTestFinished, { rotationWindow: 7_199.999 });
    await bench.sandbox.addAccount({ appId: OTHER, secret: APP_SECRET });
    const { url, state } = await way(bench.sandbox.url);
    const files = [join(bench.folder, 'stable', 'token'), join(bench.folder, 'classic', 'token')];
    const config = join(bench.folder, 'config.json');
    await writeFile(config, JSON.stringify(configuration(bench.folder, url, files)));
    const daemon = startProgram(['--config', config], {}, onTestFinished);
    const publishedIn = (file: string, than?: string) =>
      eventually(
        async () => {
          const value = await contentOf(file);
          return value !== than && value;
        },
        { for: `a token in ${file}` },
      );
    const before = await Promise.all(files.map((file) => publishedIn(file)));
    const readers = files.map((file) => startRestlessReader({ file }, onTestFinished));
    const atRest = await peak(daemon.pid);

    for (const [index, flood] of FLOODS.entries()) {
      const [, , code] = flood;
      state.flood = flood;
      daemon.signal('SIGHUP');
      const told = () => daemon.log().filter((line) => line['code'] === code).length;
      const many = FLOODS.slice(0, index + 1).filter(([, , other]) => other === code).length;
      // Of both credentials at least; a failure that repeats itself may be told once.
      await eventually(() => told() >= Math.min(many + 1, 2), { for: `${code} in the log` });
    }
    expect(await Promise.all(files.map(contentOf))).toEqual(before);
    expect((await peak(daemon.pid)) - atRest).toBeLessThan(MEMORY);

    state.flood = undefined;
    daemon.signal('SIGHUP');
    const after = await Promise.all(files.map((file, index) => publishedIn(file, before[index])));
    const minted = (await bench.fetches()).map(({ tokenSha256 }) => tokenSha256);
    for (const value of after) expect(minted).toContain(sha256(value));
    for (const reader of readers) expect((await reader.stop()).bad).toEqual([]);
    expect(daemon.stderr()).not.toContain(APP_SECRET);
  });
});

function configuration(folder: string, baseUrl: string, [stable = '', classic = '']: readonly string[]) {
  const secretFile = join(folder, 'secrets', 'app.secret');
  return {
    schedule: '* * * * * *',
    stateDir: join(folder, 'state'),
    platform: { baseUrl, timeout: '2s' },
    credentials: [
      { name: 'stable', appId: APP_ID, secretFile, publish: [{ type: 'file', path: stable }] },
      {
        name: 'classic',
        type: 'access-token',
        appId: OTHER,
        secretFile,
        publish: [{ type: 'file', path: classic }],
      },
    ],
  };
}

/** The most memory a process has had at once, KB. */
async function peak(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]);
}
