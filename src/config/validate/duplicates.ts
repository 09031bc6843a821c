import { keysOf } from '../../codec/secret-layout.ts';
import type { Kind } from '../../core/credential.ts';
import { en, type Text, zh } from '../../core/text.ts';
import { ALL_TICKETS, kindOf } from '../../providers/kinds.ts';
import type { Place } from '../../publishers/kind.ts';
import { placesOf } from '../../publishers/kinds.ts';
import { type KeyPath, pathText } from '../../schema/key-path.ts';
import { type ClusterConfig, isFetched, type MirrorConfig, type ObjectConfig } from '../config.ts';
import type { Context } from '../resolve/context.ts';
import { type Resolved, whoseAt } from '../resolve/credential.ts';
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
    else {
      const other = pathText(['credentials', known]);
      context.complain(['credentials', index, 'name'], {
        en: `is the name of ${other} as well`,
        zh: `也是 ${other} 的名称`,
      });
    }
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
    if (resolved.many !== undefined) {
      refuseServedAlready(resolved, known, context);
      continue;
    }
    const same: Text = perSecret
      ? { en: 'the same corp and secret', zh: '企业和密钥' }
      : { en: 'the same account and type', zh: '账号和类型' };
    const other = pathText(known.at);
    context.complain([...at, id.key], {
      en: en`${same} as ${other}: let one credential publish for both`,
      zh: zh`与 ${other} 的${same}相同：让一份凭据为两者发布`,
    });
  }
}

/** Of an entry for many accounts nobody has written an AppID: it names them in a list, or the platform does. */
function refuseServedAlready(resolved: Resolved, known: Resolved, context: Context): void {
  const { appId } = resolved.config;
  const other = pathText(known.at);
  const what: Text =
    resolved.many === 'named'
      ? {
          en: `has ${appId}, which ${other} serves as well: let one of them publish for both`,
          zh: `里有 ${appId}，${other} 也提供它：让其中一份为两者发布`,
        }
      : {
          en: `the list of this third party is served by ${other} as well: let one entry publish for both`,
          zh: `这个第三方平台的授权方列表，${other} 也在提供：让一条配置为两者发布`,
        };
  context.complain(whoseAt(resolved), what);
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
    const other = pathText(known);
    context.complain([...at, 'from'], {
      en: `the same as ${other}: let one credential publish for both`,
      zh: `与 ${other} 相同：让一份凭据为两者发布`,
    });
  } else sources.set(source, at);
}

type Credential = Resolved | ResolvedMirror;

const TWO_WRITERS: Text = {
  en: "two writers of one key undo each other's work",
  zh: '同一个键的两个写入者会互相抵消',
};

/** For each key of a Secret that has a writer (`NAMESPACE/NAME/KEY`): how a message describes that writer. */
type Owners = Map<string, Text>;

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
function keptIn(credentials: readonly Credential[], context: Context): Map<string, Text> {
  const kept = new Map<string, Text>();
  const keeper = context.name(['cluster', 'secret']);
  for (const { at, config } of credentials) {
    if (!isFetched(config)) continue;
    const name = context.name(at);
    const what: Text = {
      en: en`is where ${keeper} keeps ${name}: ${TWO_WRITERS}`,
      zh: zh`是 ${keeper} 保存 ${name} 的地方：${TWO_WRITERS}`,
    };
    for (const kind of ['token', ...config.tickets] as const) {
      for (const key of dataKeysOf(config.name, kind)) kept.set(key, what);
    }
  }
  return kept;
}

/** Maps each key that a mirror may read to its description in messages: another daemon writes them. */
async function readBy({ from }: Pick<MirrorConfig, 'from'>, at: KeyPath, context: Context): Promise<Owners> {
  const owners: Owners = new Map();
  const reader = context.name([...at, 'from']);
  const what: Text = {
    en: en`is what ${reader} reads: ${TWO_WRITERS}`,
    zh: zh`是 ${reader} 读取的内容：${TWO_WRITERS}`,
  };
  const keys = (['token', ...ALL_TICKETS] as const).flatMap((kind) => dataKeysOf(from.credential, kind));
  own(await placeOf(from, context), new Map(keys.map((key) => [key, what])), owners);
  return owners;
}

function own(secret: string, keys: ReadonlyMap<string, Text>, owners: Owners): void {
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
    return place.secret ? `${namespace}/${name}/${key}` : place.words.en;
  };
  const ownerOf = (place: Place) => read?.get(where(place)) ?? owners.get(where(place));
  const taken = places.find((place) => ownerOf(place) !== undefined);
  // For a Secret, the problem is reported at the setting `key` of the target.
  const here = places.some(({ secret }) => secret) ? [...at, 'key'] : at;
  const by = taken && ownerOf(taken);
  const name = context.name(here);
  const what: Text = { en: `is published by ${name} already`, zh: `已经由 ${name} 发布` };
  // Accounts of one entry that share a place: that has been reported.
  if (by && by.en !== what.en) {
    const full = inFull(taken);
    context.complain(here, { en: en`${full} ${by}`, zh: zh`${full} ${by}` });
  }
  for (const place of places) if (!owners.has(where(place))) owners.set(where(place), what);
}

function inFull({ words, secret }: Place): Text {
  if (!secret) return words;
  const { key, namespace, name } = secret;
  return { en: `${key} of the Secret ${namespace}/${name}`, zh: `Secret ${namespace}/${name} 的 ${key}` };
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
