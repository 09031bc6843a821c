import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import type { JournalEntry } from '../../src/sandbox/index.ts';
import { APP_ID, type Type, type Workbench, workbench } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import { openShop, type Shop } from '../support/kubernetes/shop.ts';
import { type AtEnd, type Program, startProgram } from '../support/program.ts';
import { type RestlessReader, startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import { type FollowedJournal, followJournal, type History, watchFile } from './fleet.ts';
import type { Refreshed } from './refreshing.ts';

/** A daemon of a cluster: a pod with a volume of its own. */
export interface Pod extends Program {
  readonly name: string;
  readonly file: string;
  readonly feedback: string;
  readonly history: History;
  readonly reader: RestlessReader;
  leads(): boolean;
  /** Waits until it stands still, as after SIGSTOP. */
  frozen(): Promise<void>;
  refresh(args?: readonly string[]): Promise<Refreshed>;
  /** What it says on /metrics. */
  metrics(): Promise<string>;
  /** Any command with the configuration of the daemon, to its end. */
  command(args: readonly string[]): Promise<Refreshed>;
}

/** Pods that share nothing but a Secret and a Lease. */
export interface Cluster extends Workbench {
  readonly shop: Shop;
  readonly pods: readonly Pod[];
  readonly journal: FollowedJournal;
  /** The one that leads, of these or of all, as soon as there is one. */
  leader(among?: readonly Pod[]): Promise<Pod>;
  /** Waits until all of these files hold the newest token, and tells which that is. */
  settled(among?: readonly Pod[]): Promise<string>;
  /** From now on it stands still when it is about to write to the platform, once. */
  freezeAtSocket(pod: Pod): Promise<void>;
}

export interface ClusterOptions {
  readonly type?: Type;
  readonly size?: number;
  readonly times?: {
    readonly duration: string;
    readonly renewDeadline: string;
    readonly retryPeriod: string;
  };
  readonly rules?: Parameters<typeof workbench>[1];
  readonly ahead?: string;
  /** Whether a jsapi ticket is fetched and published as well. */
  readonly ticket?: boolean;
  /** Whether a daemon can be made to stand still directly before it writes to a socket of the platform. */
  readonly canFreezeAtSocket?: boolean;
}

/** Seconds where a cluster has three times as many; a machine that is busy must not lose its Lease for it. */
const SHORT = { duration: '5s', renewDeadline: '4s', retryPeriod: '500ms' };

export async function cluster(atEnd: AtEnd, options: ClusterOptions = {}): Promise<Cluster> {
  const { type = 'access-token', size = 3, times = SHORT, rules = {}, ticket = false, ahead } = options;
  const { canFreezeAtSocket = false } = options;
  const bench = await workbench(atEnd, rules);
  const shop = await openShop(bench.folder, atEnd);
  const journal = followJournal(bench.sandbox, atEnd);
  const { url: baseUrl } = bench.sandbox;
  const flagOf = (name: string) => join(bench.folder, name, 'freeze');

  async function start(name: string): Promise<Pod> {
    const [file, feedback] = [
      join(bench.folder, name, 'volume', 'token'),
      join(bench.folder, name, 'feedback'),
    ];
    await mkdir(feedback, { recursive: true });
    const config = join(bench.folder, name, 'config.yaml');
    const secretFile = join(bench.folder, 'secrets', 'app.secret');
    const targets = [{ path: file }, ...(ticket ? [{ path: `${file}.jsapi`, of: 'jsapi' }] : [])];
    const publish = targets.map((target) => ({ type: 'file', ...target }));
    const tickets = ticket ? ['jsapi'] : [];
    const more = ahead === undefined ? {} : { ahead };
    const document = {
      schedule: '* * * * * *',
      log: { level: 'debug' },
      http: { listen: '127.0.0.1:0' },
      feedback: { directory: feedback },
      platform: { baseUrl },
      cluster: { lease: { name: 'wx-token', ...times }, secret: { name: 'wx-token' } },
      credentials: [{ name: 'shop', type, appId: APP_ID, secretFile, tickets, publish, ...more }],
    };
    await writeFile(config, stringify(document));
    const env = { KUBECONFIG: shop.refresher, WXTOKEN_CONFIG: config };
    const freezing = {
      NODE_OPTIONS: `--import=${new URL('../support/freeze-at-socket.mjs', import.meta.url).href}`,
      FREEZE_PORT: new URL(baseUrl).port,
      FREEZE_FLAG: flagOf(name),
    };
    const command = async (args: readonly string[]): Promise<Refreshed> => {
      const run = startProgram(args, { env }, atEnd);
      const { code } = await run.exited;
      return { code, stdout: run.stdout(), stderr: run.stderr() };
    };
    const program = startProgram([], { env: { ...env, ...(canFreezeAtSocket && freezing) } }, atEnd);
    return {
      ...program,
      ...{ name, file, feedback, history: watchFile(file, atEnd) },
      reader: startRestlessReader({ file, url: bench.sandbox.url }, atEnd),
      leads: () => isLeading(program),
      async frozen() {
        await eventually(async () => (await contentOf(`/proc/${program.pid}/stat`))?.includes(') T '));
      },
      refresh: (args = []) => command(['refresh', ...args]),
      command,
      async metrics() {
        const { message } = await program.logged(/^health and metrics on /);
        return (await fetch(`http://${message.split(' ').at(-1)}/metrics`)).text();
      },
    };
  }

  const names = Array.from({ length: size }, (_, index) => `pod-${index}`);
  const pods = await Promise.all(names.map(start));
  return {
    ...bench,
    shop,
    pods,
    journal,
    leader: (among = pods) =>
      eventually(() => among.find((pod) => pod.leads()), { for: 'a leader', within: 40_000 }),
    settled: (among = pods) =>
      eventually(
        async () => {
          const newest = (await journal.fetches()).at(-1)?.tokenSha256;
          const hashes = among.map(({ history }) => history.seen().at(-1)?.hash);
          return newest && hashes.every((hash) => hash === newest) && newest;
        },
        { for: 'the newest token in all files', within: 40_000 },
      ),
    freezeAtSocket: ({ name }) => writeFile(flagOf(name), ''),
  };
}

/** What a machine that is busy with other tests may be late, ms. */
export const BUSY = 5_000;

/** Waits for so many calls for a token in all. */
export async function calls(
  { journal }: Cluster,
  count: number,
  within = 40_000,
): Promise<readonly JournalEntry[]> {
  const made = async () => {
    const fetches = await journal.fetches();
    return fetches.length >= count && fetches;
  };
  return eventually(made, { for: `call number ${count}`, within });
}

/** Ends all that still run: by then they have done whatever they meant to do. */
export async function allEnd({ pods }: Cluster): Promise<void> {
  for (const pod of pods) pod.signal('SIGTERM');
  for (const pod of pods) expect(await pod.exited).toEqual({ code: 0, signal: null });
}

/** That no file was ever anything but a whole token, and that no call was refused of those who read these. */
export async function flawless(pods: readonly Pod[], served: readonly Pod[] = pods): Promise<void> {
  for (const { reader } of pods) expect((await reader.stop()).bad).toEqual([]);
  for (const { reader } of served) expect((await reader.stop()).refused).toEqual([]);
}

/** How many calls were refused, none of them before the last token was handed out: what it killed was in use until then. */
export async function refusals({ journal }: Cluster): Promise<number> {
  const last = (await journal.fetches()).at(-1)?.at ?? 0;
  const refused = await journal.refusals();
  expect(refused.filter(({ at }) => at < last)).toEqual([]);
  return refused.length;
}

/** From the platform's answer to the last of all files, ms: the longest time of all tokens that got everywhere. */
export async function slowest({ journal, pods }: Cluster): Promise<number> {
  const delays = (await journal.fetches()).flatMap(({ at, tokenSha256 }) => {
    const seen = pods.map(({ history }) => history.seen().find(({ hash }) => hash === tokenSha256)?.at);
    const arrivals = seen.filter((arrival) => arrival !== undefined);
    const isEverywhere = arrivals.length === pods.length;
    return isEverywhere ? [performance.timeOrigin + Math.max(...arrivals) - at] : [];
  });
  return Math.round(Math.max(...delays));
}

/** Waits until the platform's clock shows another second than at the last call. */
export async function nextSecond({ journal }: Cluster): Promise<void> {
  const last = (await journal.fetches()).at(-1)?.at ?? 0;
  await eventually(() => Math.floor(Date.now() / 1000) > Math.floor(last / 1000) + 1);
}

/** A measured number, for whoever reads the test's output. */
export function tell(what: string): void {
  process.stdout.write(`cluster: ${what}\n`);
}

/** By what it said last about it. */
function isLeading(program: Program): boolean {
  const said = program.log().map(({ message }) => message);
  return (
    said.lastIndexOf('this daemon refreshes for all now') > said.findLastIndex((line) => LOST.test(line))
  );
}

const LOST = /^another daemon refreshes|another one refreshes|another daemon refreshes/;
