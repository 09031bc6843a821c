import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { type Workbench, workbench } from '../e2e/workbench.ts';
import { BUILT_PROGRAM, startProcess } from '../support/program.ts';
import { openSandbox } from '../support/sandbox.ts';
import { needsJava, needsTool } from '../support/tools.ts';
import { eventually } from '../support/wait.ts';
import { codeWith } from './readme.ts';

const ROTATIONS = 3;

const WATCH_SERVICE = `import static java.nio.file.StandardWatchEventKinds.*;
import java.nio.file.*;

class Watch {
    public static void main(String[] arguments) throws Exception {
        WatchService service = FileSystems.getDefault().newWatchService();
        Path.of(arguments[0]).register(service, ENTRY_CREATE, ENTRY_MODIFY, ENTRY_DELETE);
        System.out.println("ready");
        for (WatchKey key; (key = service.take()).isValid(); key.reset())
            for (WatchEvent<?> event : key.pollEvents()) System.out.println(event.kind() + " " + event.context());
    }
}
`;

describe.concurrent('watchers of a published file (docs/reading.md)', () => {
  it('inotifywait on the folder sees every replacement, and on the file only the first', async (context) => {
    await needsTool(context.skip, 'inotifywait');
    const bench = await published(context);
    const watch = (...args: readonly string[]) =>
      startProcess('inotifywait', ['--monitor', ...args], {}, context.onTestFinished);
    const ofFolder = watch('--event', 'moved_to', '--format', '%f', dirname(bench.file));
    const ofFile = watch('--event', 'close_write,move_self,delete_self', '--format', '%e', bench.file);
    for (const watcher of [ofFolder, ofFile]) {
      await eventually(() => watcher.stderr().includes('Watches established'), { for: 'the watch' });
    }
    await rotations(bench);

    const seen = () =>
      ofFolder
        .stdout()
        .split('\n')
        .filter((name) => name === 'token').length;
    await eventually(() => seen() >= ROTATIONS, { for: 'every replacement' });
    // Its file is gone with the first replacement, and nothing comes of the others.
    expect(ofFile.stdout()).toBe('DELETE_SELF\n');
  });

  it("Java's WatchService sees a replacement as ENTRY_CREATE and never as ENTRY_MODIFY", async (context) => {
    await needsJava(context.skip);
    const bench = await published(context);
    const source = join(bench.folder, 'Watch.java');
    await writeFile(source, WATCH_SERVICE);
    const args = ['-Xmx64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', source, dirname(bench.file)];
    const watcher = startProcess('java', args, {}, context.onTestFinished);
    await eventually(() => watcher.stdout().includes('ready\n'), { for: 'the watch' });
    await rotations(bench);

    const seen = () =>
      watcher
        .stdout()
        .split('\n')
        .filter((line) => line.endsWith(' token'));
    await eventually(() => seen().length >= ROTATIONS, { for: 'every replacement' });
    expect(new Set(seen())).toEqual(new Set(['ENTRY_CREATE token']));
  });
});

describe.concurrent('supervisord in docs/install.md', () => {
  it('supervisord starts a daemon again that was killed', async (context) => {
    await needsTool(context.skip, 'supervisord');
    const supervisor = await supervised(context, '0'.repeat(32));
    const [first = 0] = await supervisor.spawned(1);
    await supervisor.published();
    process.kill(first, 'SIGKILL');
    await supervisor.spawned(2);
  });

  it('supervisord does not try a wrong configuration again', async (context) => {
    await needsTool(context.skip, 'supervisord');
    const supervisor = await supervised(context, '');
    await supervisor.said(/exited: wx-token \(exit status 78; expected\)/);
    // It is asked after that, and so has had its turn.
    supervisor.stop();
    await supervisor.ended;
    expect(await supervisor.spawned(1)).toHaveLength(1);
  });
});

/** A daemon whose token is replaced after about 3.5 s. */
async function published({ onTestFinished }: TestContext): Promise<Workbench> {
  const bench = await workbench(onTestFinished, { tokenTtl: 8, rotationWindow: 5 });
  bench.run({ WXTOKEN_ROTATION_WINDOW: '5s' });
  await bench.newToken();
  return bench;
}

async function rotations(bench: Workbench): Promise<void> {
  let token = await bench.token();
  for (let rotation = 0; rotation < ROTATIONS; rotation += 1) token = await bench.newToken(token);
}

/** supervisord with the program of the page, as it is written but for paths, user and platform. */
async function supervised({ onTestFinished }: TestContext, secret: string) {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const sandbox = await openSandbox();
  onTestFinished(sandbox.close);
  await writeFile(join(folder, 'appsecret'), secret, { mode: 0o600 });
  const program = (await codeWith('ini', '[program:wx-token]'))
    .replace('/usr/bin/node', process.execPath)
    .replace('/usr/local/lib/wx-token-sidecar/wx-token-sidecar.js', BUILT_PROGRAM)
    .replace('user=wx-token', `user=${userInfo().username}`)
    .replace('environment=', `environment=WXTOKEN_API_BASE_URL="${sandbox.url}",`)
    .replace('/etc/wx-token', folder)
    .replace('/run/wx', join(folder, 'volume'));
  const log = ['logfile=/dev/null', 'logfile_maxbytes=0', `childlogdir=${folder}`, `pidfile=${folder}/pid`];
  const config = join(folder, 'supervisord.conf');
  await writeFile(config, `[supervisord]\n${log.join('\n')}\n${program}`);
  const supervisor = startProcess('supervisord', ['--nodaemon', '-c', config], {}, onTestFinished);
  // Before it is killed: its program would be left behind.
  onTestFinished(async () => {
    supervisor.signal('SIGTERM');
    await supervisor.exited;
  });
  const said = (what: RegExp) => eventually(() => what.test(supervisor.stdout()), { for: `${what}` });
  return {
    said,
    ended: supervisor.exited,
    stop: () => supervisor.signal('SIGTERM'),
    published: () => said(/success: wx-token entered RUNNING/),
    /** The pids so far, as soon as there are that many. */
    spawned: (count: number) =>
      eventually(
        () => {
          const pids = [...supervisor.stdout().matchAll(/spawned: 'wx-token' with pid (\d+)/g)].map(
            ([, pid]) => Number(pid),
          );
          return pids.length >= count && pids;
        },
        { for: `${count} starts` },
      ),
  };
}
