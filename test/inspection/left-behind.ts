import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { type Config, isFetched } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Kind } from '../../src/core/credential.ts';
import { type StatusReport, statusOnDisk } from '../../src/inspection/status/index.ts';
import type { Told } from '../../src/inspection/status/told.ts';
import { encodeSnapshot } from '../../src/observability/status/snapshot.ts';
import { snapshotPath } from '../../src/observability/status/snapshot-file.ts';
import { filePublisher, idOf, isFileTarget } from '../../src/publishers/file.ts';
import { LEAST } from '../config/configured.ts';
import { judgeOf } from '../support/judge.ts';
import type { TicketType } from '../support/kinds.ts';
import { type Story, tell } from '../support/story.ts';
import { viewOf } from '../support/view.ts';
import { temporaryFolder } from '../system/folder.ts';

const TYPES = ['access-token', 'wecom'] as const;

/** What a daemon leaves on a disk, bit by bit. */
export interface LeftBehind {
  /** What has happened to the daemon. */
  readonly story: Story;
  readonly config: Config;
  readonly folder: string;
  /** Where the token is published. */
  readonly file: string;
  /** Where the daemon writes its snapshot. */
  readonly snapshot: string;
  /** Publishes the story's token, of which the story hears. */
  readonly publish: () => Promise<void>;
  /** Writes the snapshot of a daemon that runs, that stops, or that was killed then. */
  readonly write: (fate?: 'running' | 'stopped' | 'ended') => Promise<void>;
  /** How the unit of the story stands. */
  readonly status: () => Promise<Told>;
  readonly report: () => Promise<StatusReport>;
}

/** @param kind of what the story tells */
export async function leftBehind(
  environment: Readonly<Record<string, string>> = {},
  kind: Kind = 'token',
): Promise<LeftBehind> {
  const folder = await temporaryFolder();
  const file = join(folder, 'volume', 'token');
  const type = TYPES.find((one) => one === environment['WXTOKEN_TYPE']) ?? 'stable-token';
  const story = tell(kind === 'token' ? type : (kind as TicketType));
  const options = { publishes: false, fetches: false };
  const config = await loadConfig({ ...LEAST, WXTOKEN_FILE: file, ...environment }, options);
  const [credential] = config.credentials;
  if (!credential) throw new Error('no credential');
  const targets = credential.publish.filter(isFileTarget).filter(({ of }) => of === kind);
  const snapshot = snapshotPath(config.stateDir, config.credentials);
  const report = () => statusOnDisk(config, story.clock);

  /** With the targets of the configuration in place of the story's only one. */
  function view() {
    const { name } = credential ?? {};
    const told = viewOf(story, { kind, ...(name !== undefined && { name }) });
    const [target] = told.state.targets;
    if (!target) throw new Error('a story without its target');
    const all = targets.map((one) => ({ ...target, id: idOf(one) }));
    return { ...told, state: { ...told.state, targets: all } };
  }

  return {
    ...{ story, config, folder, file, snapshot, report },
    async publish() {
      const { token } = story.state().record;
      if (!token) throw new Error('no token');
      const appId = isFetched(credential) ? credential.appId : '';
      const subject = { name: credential.name, type: credential.type, appId, kind };
      for (const target of targets) await filePublisher(target, subject).publish(token, judgeOf(token));
      story.publish();
    },
    async write(fate = 'running') {
      const encoded = encodeSnapshot([view()], story.clock.now(), fate === 'stopped', { servers: [] });
      const told = JSON.parse(await text(encoded));
      const pid = fate === 'ended' ? await endedProcess() : process.ppid;
      await mkdir(dirname(snapshot), { recursive: true });
      await writeFile(snapshot, JSON.stringify({ ...told, process: { ...told.process, pid } }));
    },
    async status() {
      const statuses = (await report()).credentials.filter((one) => one.kind === kind);
      const [status, ...more] = statuses;
      if (!status || more.length > 0) throw new Error('not one status');
      return status;
    },
  };
}

/** The pid of a process that has ended. */
async function endedProcess(): Promise<number> {
  const running = promisify(execFile)(process.execPath, ['--version']);
  await running;
  return running.child.pid ?? Number.NaN;
}

/** Changes what a file of JSON says. */
export async function amend(path: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...changes }));
}
