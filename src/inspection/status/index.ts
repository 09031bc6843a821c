import { ticketAccount, tokenAccount } from '../../codec/account.ts';
import { mirrorAccount } from '../../codec/secret-layout.ts';
import {
  type Config,
  type CredentialConfig,
  type FetchedConfig,
  isFetched,
  type ManyConfig,
} from '../../config/config.ts';
import { accountOfList } from '../../config/expand.ts';
import { CONCURRENCY, mapConcurrently } from '../../config/resolve/memoize.ts';
import type { Kind } from '../../core/credential.ts';
import { LIST_KIND } from '../../core/listing.ts';
import type { Clock } from '../../core/ports.ts';
import { type Bilingual, joined, SEMICOLON, type Text } from '../../core/text.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import type { ServerStatus } from '../../observability/status/server-status.ts';
import type { HungVolumeStatus, Snapshot } from '../../observability/status/snapshot.ts';
import {
  type Fate,
  fateOf,
  findSnapshot,
  readSnapshot,
  snapshotFolder,
} from '../../observability/status/snapshot-file.ts';
import { ownerOf } from '../../providers/kinds.ts';
import { isFileTarget } from '../../publishers/file.ts';
import { listedAccounts } from './listed-accounts.ts';
import { AS_DAEMON, look } from './published.ts';
import { aged, type Told, untold, withFiles } from './told.ts';

/** What is known about the daemon. */
export type DaemonStatus =
  | {
      readonly state: Fate;
      /** Time at which the daemon wrote its snapshot, epoch seconds. */
      readonly at: number;
      readonly pid: number;
      readonly host: string;
      /** What it serves by HTTP; absent where it serves nothing, or is of an older version. */
      readonly servers?: readonly ServerStatus[];
      /** The volumes that did not answer the daemon, and for how many seconds. */
      readonly hung_volumes?: readonly HungVolumeStatus[];
    }
  /** No daemon has written a snapshot that can be used; `problem` says why. */
  | ({ readonly state: 'unknown' } & Partial<Unusable>);

/** Why the snapshot cannot be used. */
interface Unusable extends Required<Bilingual<{ readonly problem: string }>> {
  readonly problem: string;
}

export interface StatusReport {
  readonly daemon: DaemonStatus;
  readonly credentials: readonly Told[];
}

/**
 * Reports the status of every credential: what the daemon wrote down last, together with what readers find in the
 * published files. It creates, locks and fetches nothing and asks no other process, so it works whether the daemon
 * runs or not.
 */
export async function statusOnDisk(config: Config, clock: Clock): Promise<StatusReport> {
  const last = await lastSnapshot(config);
  const { snapshot } = last;
  const now = clock.now();
  const daemon = standingOf(last, now);
  const told = new Map(snapshot?.credentials.map((one) => [`${one.credential}/${one.kind}`, one]));
  const seconds = snapshot ? Math.max(0, Math.floor(now.wall / SECOND) - snapshot.at) : 0;
  const listed = await listedAccounts(config, snapshot);
  const units = [...config.credentials, ...listed].flatMap((credential) =>
    kindsOf(credential).map((kind) => ({ credential, kind })),
  );
  const lists = (config.many ?? []).map((many) => {
    const known = told.get(`${many.name}/${LIST_KIND}`);
    return retitled(known ? aged(known, seconds) : untold(identityOfList(many), []), many);
  });
  const credentials = await mapConcurrently(units, CONCURRENCY, async ({ credential, kind }) => {
    const found = await filesOf(credential, kind);
    const known = told.get(`${credential.name}/${kind}`);
    const status = known ? aged(known, seconds) : untold(identityOf(credential, kind), found);
    return withFiles(
      retitled(status, credential),
      found,
      daemon.state === 'running' && known !== undefined,
      clock.now(),
    );
  });
  return { daemon, credentials: [...lists, ...credentials] };
}

/** Reports what is known about the daemon of this configuration. */
export async function daemonOnDisk(config: Config, clock: Clock): Promise<DaemonStatus> {
  return standingOf(await lastSnapshot(config), clock.now());
}

/** The accounts that the daemon of this configuration serves as the platform lists them, as far as it told. */
export async function servedByLists(config: Config): Promise<readonly FetchedConfig[]> {
  if (!config.many) return [];
  return listedAccounts(config, (await lastSnapshot(config)).snapshot);
}

function standingOf({ snapshot, ...problem }: Last, now: Instant): DaemonStatus {
  return snapshot
    ? { state: fateOf(snapshot, now), at: snapshot.at, ...processOf(snapshot) }
    : { state: 'unknown', ...problem };
}

function processOf({ process: { pid, host }, servers = [], hung_volumes }: Snapshot) {
  return { pid, host, ...(servers.length > 0 && { servers }), ...(hung_volumes && { hung_volumes }) };
}

type Last = { readonly snapshot?: Snapshot } & Partial<Unusable>;

/** Returns the snapshot of the daemon of this configuration, or the reason why no snapshot can be used. */
async function lastSnapshot({ stateDir, stateGid, credentials, many = [] }: Config): Promise<Last> {
  let path = snapshotFolder(stateDir);
  try {
    const found = await findSnapshot(stateDir, [...credentials, ...many]);
    if (found === undefined) return {};
    path = found;
    return { snapshot: await readSnapshot(path, stateGid) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isDenied = code === 'EACCES' || code === 'EPERM';
    const why: Text = {
      en: `ignoring ${path}: ${code ?? message}`,
      zh: `不使用 ${path}：${code ?? message}`,
    };
    const { en, zh } = isDenied ? joined([why, AS_DAEMON], SEMICOLON) : why;
    return { problem: en, zh: { problem: zh } };
  }
}

/** Returns the kinds of a credential, in the order in which a daemon has them. */
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

/**
 * Names the token or ticket as the daemon does, except that the account lacks the app of a corp: only the AppSecret
 * identifies that app.
 */
function identityOf(credential: CredentialConfig, kind: Kind) {
  const { name, optional } = credential;
  return { credential: name, kind, account: accountOf(credential, kind), optional };
}

function identityOfList(many: ManyConfig) {
  return { credential: many.name, kind: LIST_KIND, account: accountOfList(many), optional: true };
}

/** Takes the title from the configuration, which is newer than what the daemon wrote down. */
function retitled(
  { credential, title: _old, ...rest }: Told,
  { title }: Pick<CredentialConfig, 'title'>,
): Told {
  return { credential, ...(title !== undefined && { title }), ...rest };
}

function accountOf(credential: CredentialConfig, kind: Kind): string {
  if (!isFetched(credential)) return mirrorAccount(credential.from, credential.from.credential, kind);
  const { platform, type } = credential;
  const owner = ownerOf(credential);
  return kind === 'token' ? tokenAccount(platform.id, type, owner) : ticketAccount(platform.id, owner, kind);
}
