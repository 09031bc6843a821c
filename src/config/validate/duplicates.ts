import { keysOf } from '../../codec/secret-layout.ts';
import type { Kind } from '../../core/credential.ts';
import { ALL_TICKETS, kindOf } from '../../providers/kinds.ts';
import type { Place } from '../../publishers/kind.ts';
import { placesOf } from '../../publishers/kinds.ts';
import { type KeyPath, pathText } from '../../schema/key-path.ts';
import { type ClusterConfig, isFetched, type MirrorConfig, type ObjectConfig } from '../config.ts';
import type { Context } from '../resolve/context.ts';
import type { Resolved } from '../resolve/credential.ts';
import type { ResolvedMirror } from '../resolve/mirror.ts';
import type { PlacedTarget } from '../resolve/targets.ts';
import type { CredentialSettings } from '../schema/credential.ts';

/** Reports names that two credentials share: in logs, metrics and commands they could not be told apart. */
export function refuseSharedNames(
  credentials: readonly (CredentialSettings | undefined)[],
  context: Context,
): void {
  const first = new Map<string, number>();
  for (const [index, credential] of credentials.entries()) {
    const name = credential?.name;
    if (name === undefined) continue;
    const known = first.get(name);
    if (known === undefined) first.set(name, index);
    else context.complain(['credentials', index, 'name'], `is the name of credentials[${known}] as well`);
  }
}

/**
 * Reports accounts that two credentials stand for. Both would use the same lock and budget, and do all work twice. An
 * account is a token type of an AppID; a corp has one account for each AppSecret (docs/wechat-facts.md, WeCom
 * tokens). Also reports sources that two mirrors read.
 */
export function refuseSharedAccounts(
  credentials: readonly (Resolved | ResolvedMirror)[],
  context: Context,
): void {
  const first = new Map<string, Resolved>();
  const sources = new Map<string, KeyPath>();
  for (const resolved of credentials) {
    if (!isFetchedHere(resolved)) {
      refuseSharedSource(resolved, sources, context);
      continue;
    }
    const { at, config, secret } = resolved;
    const { type, appId, platform, via } = config;
    const { perSecret, id } = kindOf(type);
    if (appId === '' || context.isWrong([...at, 'type']) || (perSecret && !secret)) continue;
    const account = [platform.id, type, via?.appId ?? '', appId, perSecret ? secret?.reveal() : ''].join(
      '\0',
    );
    const known = first.get(account);
    if (!known) {
      first.set(account, resolved);
      continue;
    }
    const same = perSecret ? 'the same corp and secret' : 'the same account and type';
    context.complain(
      [...at, id.key],
      `${same} as ${pathText(known.at)}: let one credential publish for both`,
    );
  }
}

function isFetchedHere(resolved: Resolved | ResolvedMirror): resolved is Resolved {
  return isFetched(resolved.config);
}

function refuseSharedSource(
  { at, config: { from } }: ResolvedMirror,
  sources: Map<string, KeyPath>,
  context: Context,
): void {
  const source = `${from.namespace ?? ''}/${from.name}/${from.credential}`;
  const known = sources.get(source);
  if (known) {
    context.complain([...at, 'from'], `the same as ${pathText(known)}: let one credential publish for both`);
  } else sources.set(source, at);
}

type Credential = Resolved | ResolvedMirror;

const TWO_WRITERS = ": two writers of one key undo each other's work";

/** For each key of a Secret that has a writer (`NAMESPACE/NAME/KEY`): how a message describes that writer. */
type Owners = Map<string, string>;

/**
 * Reports keys of Secrets that would have two writers: two targets, a target and the cluster, or a mirror and the
 * daemon that writes its source. Each writer would take the token of the other for an older one, or for that of
 * another account, and replace it again and again.
 */
export async function refuseSharedKeys(
  credentials: readonly Credential[],
  cluster: ClusterConfig | undefined,
  context: Context,
): Promise<void> {
  const targets = credentials.flatMap((credential) => credential.targets);
  if (targets.every(({ target }) => placesOf(target).every(({ file }) => file))) return;
  const owners: Owners = new Map();
  if (cluster) own(await placeOf(cluster.secret, context), keptIn(credentials, context), owners);
  for (const { at, config, targets: its } of credentials) {
    const read = isFetched(config) ? undefined : await readBy(config, at, context);
    for (const target of its) refuseShared(target, read, owners, context);
  }
}

/** Maps each key in which the cluster keeps a fetched credential to its description in messages. */
function keptIn(credentials: readonly Credential[], context: Context): Map<string, string> {
  const kept = new Map<string, string>();
  for (const { at, config } of credentials) {
    if (!isFetched(config)) continue;
    const what = `is where ${context.name(['cluster', 'secret'])} keeps ${context.name(at)}${TWO_WRITERS}`;
    for (const kind of ['token', ...config.tickets] as const) {
      for (const key of dataKeysOf(config.name, kind)) kept.set(key, what);
    }
  }
  return kept;
}

/** Maps each key that a mirror may read to its description in messages: another daemon writes them. */
async function readBy({ from }: Pick<MirrorConfig, 'from'>, at: KeyPath, context: Context): Promise<Owners> {
  const owners: Owners = new Map();
  const what = `is what ${context.name([...at, 'from'])} reads${TWO_WRITERS}`;
  const keys = (['token', ...ALL_TICKETS] as const).flatMap((kind) => dataKeysOf(from.credential, kind));
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
  const places = placesOf(target).filter(({ file }) => !file);
  const where = (place: Place) => {
    const { namespace, name, key } = place.secret ?? {};
    return place.secret ? `${namespace}/${name}/${key}` : place.words;
  };
  const ownerOf = (place: Place) => read?.get(where(place)) ?? owners.get(where(place));
  const taken = places.find((place) => ownerOf(place) !== undefined);
  // For a Secret, the problem is reported at the setting `key` of the target.
  const here = places.some(({ secret }) => secret) ? [...at, 'key'] : at;
  if (taken) context.complain(here, `${inFull(taken)} ${ownerOf(taken)}`);
  const what = `is published by ${context.name(here)} already`;
  for (const place of places) if (!owners.has(where(place))) owners.set(where(place), what);
}

function inFull({ words, secret }: Place): string {
  return secret ? `${secret.key} of the Secret ${secret.namespace}/${secret.name}` : words;
}

/** Returns the keys of `data` that the daemons of a cluster write for a token or ticket. */
function dataKeysOf(name: string, kind: Kind): readonly string[] {
  const { value, entry, grant, listing, pushed } = keysOf(name, kind);
  return [value, entry, grant, listing, pushed];
}

/**
 * Returns `NAMESPACE/NAME`. Without a configured namespace the object is in that of the pod; if that is unknown,
 * there is no cluster, and the namespace is empty.
 */
async function placeOf({ namespace, name }: ObjectConfig, context: Context): Promise<string> {
  return `${namespace ?? (await context.namespace()) ?? ''}/${name}`;
}
