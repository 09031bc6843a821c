import type { Kind } from '../core/credential.ts';
import type { ClusterConfig, MirrorConfig, ObjectConfig } from './config.ts';
import type { Context } from './context.ts';
import type { KeyPath } from './key-path.ts';
import type { Resolved } from './resolve-credential.ts';
import { ALL_TICKETS, type ResolvedMirror } from './resolve-mirror.ts';
import type { PlacedTarget } from './resolve-targets.ts';

type Credential = Resolved | ResolvedMirror;

const TWO_WRITERS = ": two writers of one key undo each other's work";

/** What is said of a key of a Secret that somebody writes, by the place of the key. */
type Owners = Map<string, string>;

/**
 * Tells of a key of a Secret that two would write: two targets, a target and the cluster, or a mirror and whoever writes
 * what it reads. Each would take the other's token for an older one, or for another account's, and replace it for ever.
 */
export async function refuseSharedKeys(
  credentials: readonly Credential[],
  cluster: ClusterConfig | undefined,
  context: Context,
): Promise<void> {
  const targets = credentials.flatMap((credential) => credential.targets);
  if (!targets.some(({ target }) => target.type === 'kubernetes-secret')) return;
  const owners: Owners = new Map();
  if (cluster) own(await placeOf(cluster.secret, context), keptIn(credentials, context), owners);
  for (const { at, config, targets: its } of credentials) {
    const read = config.type === 'mirror' ? await readBy(config, at, context) : undefined;
    for (const target of its) refuseShared(target, read, owners, context);
  }
}

/** The keys in which the cluster keeps each credential that it fetches, with what is said of them. */
function keptIn(credentials: readonly Credential[], context: Context): Map<string, string> {
  const kept = new Map<string, string>();
  for (const { at, config } of credentials) {
    if (config.type === 'mirror') continue;
    const what = `is where ${context.name(['cluster', 'secret'])} keeps ${context.name(at)}${TWO_WRITERS}`;
    for (const kind of ['token', ...config.tickets] as const) {
      for (const key of keysOf(config.name, kind)) kept.set(key, what);
    }
  }
  return kept;
}

/** What a mirror reads is written by somebody else. */
async function readBy({ from }: Pick<MirrorConfig, 'from'>, at: KeyPath, context: Context): Promise<Owners> {
  const owners: Owners = new Map();
  const what = `is what ${context.name([...at, 'from'])} reads${TWO_WRITERS}`;
  const keys = (['token', ...ALL_TICKETS] as const).flatMap((kind) => keysOf(from.credential, kind));
  own(await placeOf(from, context), new Map(keys.map((key) => [key, what])), owners);
  return owners;
}

function own(secret: string, keys: ReadonlyMap<string, string>, owners: Owners): void {
  for (const [key, what] of keys) owners.set(`${secret}/${key}`, what);
}

function refuseShared(
  { target, at }: PlacedTarget,
  read: Owners | undefined,
  owners: Owners,
  context: Context,
): void {
  if (target.type !== 'kubernetes-secret') return;
  const secret = `${target.namespace}/${target.name}`;
  const keys = [target.key, `${target.key}.json`];
  const ownerOf = (key: string) => read?.get(`${secret}/${key}`) ?? owners.get(`${secret}/${key}`);
  const taken = keys.find((key) => ownerOf(key) !== undefined);
  if (taken !== undefined) {
    context.complain([...at, 'key'], `${taken} of the Secret ${secret} ${ownerOf(taken)}`);
  }
  const what = `is published by ${context.name([...at, 'key'])} already`;
  for (const key of keys) if (!owners.has(`${secret}/${key}`)) owners.set(`${secret}/${key}`, what);
}

/** As a Secret that daemons share holds it: the value, and beside it the details. */
function keysOf(name: string, kind: Kind): readonly [string, string] {
  const key = kind === 'token' ? name : `${name}.${kind}`;
  return [key, `${key}.json`];
}

/** Without a namespace it is in that of the pod; where that cannot be learnt, there is no cluster to be asked. */
async function placeOf({ namespace, name }: ObjectConfig, context: Context): Promise<string> {
  return `${namespace ?? (await context.namespace()) ?? ''}/${name}`;
}
