import { mirrorAccount } from '../../codec/secret-layout.ts';
import { type Config, type CredentialConfig, isFetched } from '../../config/config.ts';
import { CONCURRENCY, mapConcurrently } from '../../config/resolve/memoize.ts';
import type { Kind } from '../../core/credential.ts';
import type { Clock } from '../../core/ports.ts';
import { SECOND } from '../../core/time.ts';
import type { Snapshot } from '../../observability/status/snapshot.ts';
import {
  type Fate,
  fateOf,
  findSnapshot,
  readSnapshot,
  snapshotFolder,
} from '../../observability/status/snapshot-file.ts';
import { isFileTarget } from '../../publishers/file.ts';
import { AS_DAEMON, look } from './published.ts';
import { aged, type Told, untold, withFiles } from './told.ts';

/** What is known of the daemon. */
export type DaemonStatus =
  | {
      readonly state: Fate;
      /** When it told what is known of it, epoch seconds. */
      readonly at: number;
      readonly pid: number;
      readonly host: string;
    }
  /** None has told anything that can be used; `problem` says why. */
  | { readonly state: 'unknown'; readonly problem?: string };

export interface StatusReport {
  readonly daemon: DaemonStatus;
  readonly credentials: readonly Told[];
}

/**
 * How every credential stands, as the daemon wrote it down last, with what readers find in the published files. Nothing is
 * created, locked or fetched and nobody is asked, so it works beside a running daemon as beside a stopped one.
 */
export async function statusOnDisk(config: Config, clock: Clock): Promise<StatusReport> {
  const { snapshot, ...problem } = await lastSnapshot(config);
  const now = clock.now();
  const daemon: DaemonStatus = snapshot
    ? { state: fateOf(snapshot, now), at: snapshot.at, ...processOf(snapshot) }
    : { state: 'unknown', ...problem };
  const told = new Map(snapshot?.credentials.map((one) => [`${one.credential}/${one.kind}`, one]));
  const seconds = snapshot ? Math.max(0, Math.floor(now.wall / SECOND) - snapshot.at) : 0;
  const units = config.credentials.flatMap((credential) =>
    kindsOf(credential).map((kind) => ({ credential, kind })),
  );
  const credentials = await mapConcurrently(units, CONCURRENCY, async ({ credential, kind }) => {
    const found = await filesOf(credential, kind);
    const known = told.get(`${credential.name}/${kind}`);
    const status = known ? aged(known, seconds) : untold(identityOf(credential, kind), found);
    return withFiles(status, found, daemon.state === 'running' && known !== undefined, clock.now());
  });
  return { daemon, credentials };
}

function processOf({ process: { pid, host } }: Snapshot) {
  return { pid, host };
}

type Last = { readonly snapshot?: Snapshot; readonly problem?: string };

/** The snapshot of the daemon of this configuration, or why there is none that can be used. */
async function lastSnapshot({ stateDir, stateGid, credentials }: Config): Promise<Last> {
  let path = snapshotFolder(stateDir);
  try {
    const found = await findSnapshot(stateDir, credentials);
    if (found === undefined) return {};
    path = found;
    return { snapshot: await readSnapshot(path, stateGid) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isDenied = code === 'EACCES' || code === 'EPERM';
    return { problem: `ignoring ${path}: ${code ?? message}${isDenied ? `; ${AS_DAEMON}` : ''}` };
  }
}

/** In the order in which a daemon has them. */
function kindsOf(credential: CredentialConfig): readonly Kind[] {
  return !isFetched(credential)
    ? [...new Set(credential.publish.map(({ of }) => of))]
    : ['token', ...credential.tickets];
}

async function filesOf(credential: CredentialConfig, kind: Kind) {
  const targets = credential.publish.filter(isFileTarget).filter(({ of }) => of === kind);
  const { name } = credential;
  const whose = isFetched(credential) ? { type: credential.type, appId: credential.appId } : {};
  return Promise.all(targets.map((target) => look(target, { name, kind, ...whose })));
}

/** As the daemon calls it, except that the app of a corp is known by its AppSecret alone. */
function identityOf(credential: CredentialConfig, kind: Kind) {
  const { name, optional } = credential;
  return { credential: name, kind, account: accountOf(credential, kind), optional };
}

function accountOf(credential: CredentialConfig, kind: Kind): string {
  if (!isFetched(credential)) return mirrorAccount(credential.from, credential.from.credential, kind);
  const { platform, type, appId } = credential;
  return kind === 'token' ? `${platform.id}/${type}/${appId}` : `${platform.id}/ticket/${appId}/${kind}`;
}
