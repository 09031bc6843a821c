import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import type { JournalEntry } from '../../src/sandbox/index.ts';
import { APP_ID, ENDPOINT, type Type, type Workbench, workbench } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import { LEASE_NAME, SECRET_NAME } from '../support/kubernetes/role.ts';
import { openShop, SECRET, type Shop } from '../support/kubernetes/shop.ts';
import { type AtEnd, type Environment, type Program, startProgram } from '../support/program.ts';
import { type RestlessReader, startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import { type FollowedJournal, followJournal, type History, watchFile, watchValue } from './fleet.ts';
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
  /** What it says on /metrics, or elsewhere. */
  metrics(path?: string): Promise<string>;
  /** Gives its one credential other settings, and a change of other settings than that; it reads them while it runs. */
  change(credential: Settings, others?: Settings): Promise<void>;
  /** Any command with the configuration of the daemon, to its end. */
  command(args: readonly string[]): Promise<Refreshed>;
  /** The same with a volume of its own, as another pod has it. */
  beside(args: readonly string[]): Promise<Refreshed & { readonly file: string }>;
}

type Settings = Readonly<Record<string, unknown>>;

/** Pods that share nothing but a Secret and a Lease. */
export interface Cluster extends Workbench {
  readonly shop: Shop;
  readonly pods: readonly Pod[];
  readonly journal: FollowedJournal;
  /** The tokens that the Secret has held. */
  readonly kept: History;
  /** The one that leads, of these or of all, as soon as there is one. */
  leader(among?: readonly Pod[]): Promise<Pod>;
  /** Waits until all of these files hold the newest token, and tells which that is. */
  settled(among?: readonly Pod[]): Promise<string>;
  /** From now on it stands still directly before it does that, once. */
  freezeBefore(pod: Pod, what: FreezePoint): Promise<void>;
}

/** To connect to the platform, to write to a connection with it, to change what the Secret holds. */
export type FreezePoint = 'connect' | 'write' | 'patch';

/** The times of the Lease, ms. */
export interface LeaseTimes {
  readonly duration: number;
  readonly renewDeadline: number;
  readonly retryPeriod: number;
}

export interface ClusterOptions {
  readonly type?: Type;
  readonly size?: number;
  readonly times?: LeaseTimes;
  readonly rules?: Parameters<typeof workbench>[1];
  readonly ahead?: string;
  /** Holds back the answer to the very first call for a token, ms. */
  readonly firstHeldBack?: number;
  /** Whether a jsapi ticket is fetched and published as well. */
  readonly ticket?: boolean;
  /** Whether a daemon can be made to stand still at a {@link FreezePoint}. */
  readonly canFreeze?: boolean;
  /** Settings of the credential that one of them has and the others have not, by their order. */
  readonly changes?: readonly Settings[];
  /** What the Secret is before anybody sees it, beside being empty. */
  readonly secret?: Settings;
}

/** As every elector of a cluster has them. */
export const USUAL: LeaseTimes = { duration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 };

/** Seconds where a cluster has three times as many; a machine that is busy must not lose its Lease for it. */
export const SHORT: LeaseTimes = { duration: 5_000, renewDeadline: 4_000, retryPeriod: 500 };

export async function cluster(atEnd: AtEnd, options: ClusterOptions = {}): Promise<Cluster> {
  const { type = 'access-token', size = 3, times = SHORT, rules = {}, ticket = false, ahead } = options;
  const { canFreeze = false, firstHeldBack, changes = [] } = options;
  const bench = await workbench(atEnd, rules);
  const shop = await openShop(bench.folder, atEnd);
  if (options.secret) await shop.ask('PATCH', SECRET, options.secret);
  const journal = followJournal(bench.sandbox, atEnd);
  const { url: baseUrl } = bench.sandbox;
  if (firstHeldBack !== undefined) {
    await bench.sandbox.faults([{ kind: 'latency', ms: firstHeldBack, path: ENDPOINT[type], times: 1 }]);
  }
  const flagOf = (name: string) => join(bench.folder, name, 'freeze');

  /** A volume and a configuration of its own. */
  async function configure(name: string) {
    const [file, feedback] = ['volume/token', 'feedback'].map((path) => join(bench.folder, name, path));
    if (!file || !feedback) throw new TypeError('both have a name');
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
      cluster: { lease: { name: LEASE_NAME, ...durationsOf(times) }, secret: { name: SECRET_NAME } },
      credentials: [{ name: 'shop', type, appId: APP_ID, secretFile, tickets, publish, ...more }],
    };
    async function change(credential: Settings, others: Settings = {}): Promise<void> {
      const credentials = document.credentials.map((one) => ({ ...one, ...credential }));
      await writeFile(`${config}.new`, stringify({ ...document, credentials, ...others }));
      await rename(`${config}.new`, config);
    }
    await change({ ...changes[Number(name.split('-').at(-1))] });
    return { file, feedback, change, env: { KUBECONFIG: shop.refresher, WXTOKEN_CONFIG: config } };
  }

  async function ended(args: readonly string[], env: Environment): Promise<Refreshed> {
    const run = startProgram(args, { env }, atEnd);
    const { code } = await run.exited;
    return { code, stdout: run.stdout(), stderr: run.stderr() };
  }

  async function start(name: string): Promise<Pod> {
    const { file, feedback, change, env } = await configure(name);
    const freezing = {
      NODE_OPTIONS: `--import=${new URL('../support/freeze-at-socket.mjs', import.meta.url).href}`,
      FREEZE_FLAG: flagOf(name),
    };
    const program = startProgram([], { env: { ...env, ...(canFreeze && freezing) } }, atEnd);
    let neighbours = 0;
    return {
      ...program,
      ...{ name, file, feedback, change, history: watchFile(file, atEnd) },
      reader: startRestlessReader({ file, url: baseUrl }, atEnd),
      leads: () => isLeading(program),
      async frozen() {
        const stands = async () => (await contentOf(`/proc/${program.pid}/stat`))?.includes(') T ');
        await eventually(stands, { for: `${name} to stand still` });
      },
      refresh: (args = []) => ended(['refresh', ...args], env),
      command: (args) => ended(args, env),
      async beside(args) {
        neighbours += 1;
        const other = await configure(`${name}-${neighbours}`);
        return { ...(await ended(args, other.env)), file: other.file };
      },
      async metrics(path = '/metrics') {
        const { message } = await program.logged(/^health and metrics on /);
        return (await fetch(`http://${message.split(' ').at(-1)}${path}`)).text();
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
    kept: watchValue(async () => (await shop.data())['shop'], atEnd),
    leader: (among = pods) => eventually(() => among.find((pod) => pod.leads()), { for: 'a leader' }),
    settled: (among = pods) =>
      eventually(
        async () => {
          const newest = (await journal.fetches()).at(-1)?.tokenSha256;
          const hashes = among.map(({ history }) => history.seen().at(-1)?.hash);
          return newest && hashes.every((hash) => hash === newest) && newest;
        },
        { for: 'the newest token in all files' },
      ),
    async freezeBefore({ name }, what) {
      const [platform, api] = [baseUrl, shop.server.url].map((url) => Number(new URL(url).port));
      const points = {
        connect: { port: platform, at: 'connect' },
        write: { port: platform, at: 'write' },
        patch: { port: api, at: 'write', text: '"data":' },
      };
      const flag = flagOf(name);
      await writeFile(`${flag}.new`, JSON.stringify(points[what]));
      await rename(`${flag}.new`, flag);
    },
  };
}

/** Waits for so many calls for a token in all. */
export async function calls({ journal }: Cluster, count: number): Promise<readonly JournalEntry[]> {
  const made = async () => {
    const fetches = await journal.fetches();
    return fetches.length >= count && fetches;
  };
  return eventually(made, { for: `call number ${count}` });
}

/** Ends all that still run: by then they have done whatever they meant to do. */
export async function allEnd({ pods }: Cluster): Promise<void> {
  for (const pod of pods) pod.signal('SIGTERM');
  for (const pod of pods) expect(await pod.exited).toEqual({ code: 0, signal: null });
}

/** Waits until the platform's clock shows another second than at the last call. */
export async function nextSecond({ journal }: Cluster): Promise<void> {
  const last = (await journal.fetches()).at(-1)?.at ?? 0;
  await eventually(() => Math.floor(Date.now() / 1000) > Math.floor(last / 1000) + 1);
}

/** Ends or stops the one that leads, and tells who leads then, and so many ms after the signal it was told that it does. */
export async function handOver(
  { leader, pods }: Cluster,
  from: Pod,
  signal: NodeJS.Signals,
): Promise<{ readonly next: Pod; readonly took: number }> {
  const began = Date.now();
  from.signal(signal);
  const next = await leader(pods.filter((pod) => pod !== from));
  const { time = '' } = next.log().findLast(({ message }) => message === LEADS) ?? {};
  return { next, took: Date.parse(time) - began };
}

function durationsOf(times: LeaseTimes): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, `${ms}ms`]));
}

/** By what it said last about it. */
function isLeading(program: Program): boolean {
  const said = program.log().map(({ message }) => message);
  return said.lastIndexOf(LEADS) > said.findLastIndex((line) => LOST.test(line));
}

const LEADS = 'became the leader: this daemon refreshes for all';
const LOST = /^(lost leadership|stepped down|(released|could not release) the Lease)/;
