import { listedName } from '../../core/listing.ts';
import type { Text } from '../../core/text.ts';
import { HOUR } from '../../core/time.ts';
import type { CredentialKind } from '../../providers/kind.ts';
import { manyKinds } from '../../providers/kinds.ts';
import type { Settings as TargetSettings } from '../../publishers/kind.ts';
import { placesOf } from '../../publishers/kinds.ts';
import { mistakenPlaceholder } from '../../publishers/templates.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import type { ManyConfig } from '../config.ts';
import { type CredentialSettings, LISTED } from '../schema/credential.ts';
import type { Context } from './context.ts';
import { type Resolved, resolveCredential, type SharedSettings } from './credential.ts';
import { idKeys } from './kind-keys.ts';

/** Accounts that stand for those which nobody knows yet, while the configuration is checked. */
export const SAMPLES = ['wxffffffffffffffff', 'wxeeeeeeeeeeeeeeee'] as const;

/** What is said of such an account, as the operator has written it: no message has an AppID that nobody knows. */
export function withoutSamples({ en, zh }: Text): Text {
  const written = (text: string) =>
    SAMPLES.reduce<string>((all, sample) => all.replaceAll(sample, '{appId}'), text);
  return { en: written(en), zh: written(zh) };
}

const REMOVE_AFTER = 168 * HOUR;

/** The longest name of an entry: the names of its accounts become labels of Kubernetes, with 63 characters at most. */
const LONGEST_NAME = 40;

/** The most accounts that one entry serves. */
export const MOST_ACCOUNTS = 2000;

/** What an empty list of accounts is told. */
export const NO_ACCOUNT: Text = {
  en: 'is empty: there is no account to serve',
  zh: '是空的：没有可以服务的账号',
};

/** An entry for all accounts that the platform lists, as far as it can be told before they are known. */
export interface ResolvedMany {
  /** What one of its accounts would be. */
  readonly sample: Resolved;
  readonly config: Omit<ManyConfig, 'via' | 'atMost'>;
}

/** The kind of the accounts of an entry; undefined where the entry is for one account. */
export function manyKindOf({ type }: Pick<CredentialSettings, 'type'>) {
  return manyKinds.get(type);
}

/** A target of one of many accounts: the path of a file is filled in here, the name of a key by its kind. */
export function targetFor(target: TargetSettings, id: string, name: string): TargetSettings {
  const { path } = target;
  if (typeof path !== 'string') return target;
  return { ...target, path: path.replaceAll('{appId}', id).replaceAll('{name}', name) };
}

/**
 * Checks an entry that stands for many accounts, and reports its problems.
 * @param at path of the entry in the configuration
 * @returns the accounts that it names, or what stands for all that the platform lists
 */
export async function resolveMany(
  settings: CredentialSettings,
  { many, ...kind }: CredentialKind & Required<Pick<CredentialKind, 'many'>>,
  at: KeyPath,
  shared: SharedSettings,
  context: Context,
): Promise<{ readonly named: readonly Resolved[] } | { readonly listed: ResolvedMany }> {
  const { name = '', accounts = LISTED, removeAfter } = settings;
  refuseForeignKeys(settings, many.type, at, context);
  if (name.length > LONGEST_NAME) {
    context.complain([...at, 'name'], {
      en: `must be at most ${LONGEST_NAME} characters, since AppIDs are added`,
      zh: `最多 ${LONGEST_NAME} 个字符，因为后面还要加上 AppID`,
    });
  }
  // The same problem of many accounts is one of the entry.
  const told = new Set<string>();
  const once: Context = {
    ...context,
    complain(path, what) {
      if (told.size === told.add(`${path.join('\0')}\0\0${what.en}`).size) return;
      context.complain(path, what);
    },
  };
  const resolve = (id: string) => resolveOne(settings, kind, id, at, shared, once);
  if (accounts !== LISTED) {
    const ids = [...new Set(accounts)].filter((id) => id !== undefined);
    if (accounts.length === 0) context.complain([...at, 'accounts'], NO_ACCOUNT);
    if (ids.length > MOST_ACCOUNTS) {
      context.complain([...at, 'accounts'], {
        en: `names ${ids.length} accounts: at most ${MOST_ACCOUNTS} can be served`,
        zh: `列出了 ${ids.length} 个账号：最多服务 ${MOST_ACCOUNTS} 个`,
      });
    }
    for (const id of ids.filter((one) => !many.accountId.test(one))) {
      context.complain([...at, 'accounts'], {
        en: `has ${id}, which is no AppID`,
        zh: `里有 ${id}，它不是 AppID`,
      });
    }
    if (removeAfter !== undefined) {
      context.complain([...at, 'removeAfter'], {
        en: `is for accounts: ${LISTED}; one that is named stays until it is taken out`,
        zh: `用于 accounts: ${LISTED}；点名列出的账号在移除之前一直保留`,
      });
    }
    await refuseSharedPlaces(settings, resolve, at, context);
    const named = await Promise.all(ids.slice(0, MOST_ACCOUNTS).map(resolve));
    return { named: named.map((one) => ({ ...one, many: 'named' })) };
  }
  if (settings.optional)
    context.complain([...at, 'optional'], {
      en: 'need not be said: listed accounts never make the daemon unready',
      zh: '不用写：列表里的账号不会使守护进程变为未就绪',
    });
  const sample = await refuseSharedPlaces(settings, resolve, at, context);
  const { title, tickets, notify, platform, budget, coordinated, options } = {
    ...sample.config,
    title: settings.title,
  };
  return {
    listed: {
      sample: { ...sample, many: 'listed' },
      config: {
        ...{ name, type: many.type, platform, budget, coordinated, options, tickets, notify },
        ...(title !== undefined && { title }),
        publish: (settings.publish ?? []).filter((target) => target !== undefined),
        removeAfter: removeAfter ?? REMOVE_AFTER,
      },
    },
  };
}

/** One of the accounts, as if it had an entry of its own. */
async function resolveOne(
  { title: _all, accounts: _accounts, removeAfter: _time, ...settings }: CredentialSettings,
  { type }: Pick<CredentialKind, 'type'>,
  id: string,
  at: KeyPath,
  shared: SharedSettings,
  context: Context,
): Promise<Resolved> {
  const name = settings.name === undefined ? undefined : listedName(settings.name, id);
  const publish = settings.publish?.map((target) => target && targetFor(target, id, name ?? ''));
  const own = { ...settings, type, name, appId: id, publish } as CredentialSettings;
  // Only a mirror has no result, and no account of a third party is one.
  return (await resolveCredential(own, at, shared, context)) as Resolved;
}

/** Reports targets that all accounts would share. @returns what one account would be */
async function refuseSharedPlaces(
  settings: CredentialSettings,
  resolve: (id: string) => Promise<Resolved>,
  at: KeyPath,
  context: Context,
): Promise<Resolved> {
  const [sample, other] = [await resolve(SAMPLES[0]), await resolve(SAMPLES[1])];
  const others = new Set(
    other.targets.flatMap(({ target }) => placesOf(target).map(({ words }) => words.en)),
  );
  const mistaken = refuseMistakenPlaceholders(settings, at, context);
  for (const { target, at: here } of sample.targets) {
    if (mistaken.has(Number(here.at(-1)))) continue;
    const isShared = placesOf(target).some(({ words }) => others.has(words.en));
    const index = Number(here.at(-1));
    const key = settings.publish?.[index]?.['path'] === undefined ? 'key' : 'path';
    if (isShared)
      context.complain([...at, 'publish', index, key], {
        en: 'must have {appId} in it: each account has a place of its own',
        zh: '里面必须有 {appId}：每个账号要有自己的位置',
      });
  }
  return sample;
}

/** What stands for something else in the path of a file. A key of Redis or of a Secret is filled in by its kind. */
const IN_PATHS = ['appId', 'name'] as const;

/** Reports what is meant as a placeholder in a path, and is none. @returns the targets that have one, by their index */
function refuseMistakenPlaceholders(
  { publish = [] }: CredentialSettings,
  at: KeyPath,
  context: Context,
): ReadonlySet<number> {
  const found = new Set<number>();
  for (const [index, target] of publish.entries()) {
    const path = target?.['path'];
    const mistaken = typeof path === 'string' ? mistakenPlaceholder(path, IN_PATHS) : undefined;
    if (mistaken === undefined) continue;
    found.add(index);
    context.complain([...at, 'publish', index, 'path'], {
      en: `knows no ${mistaken}: there are {appId} and {name}, written exactly so`,
      zh: `没有 ${mistaken} 这个占位符：有 {appId} 和 {name}，大小写要一致`,
    });
  }
  return found;
}

function refuseForeignKeys(settings: CredentialSettings, type: string, at: KeyPath, context: Context): void {
  for (const key of [...idKeys(), 'from']) {
    if (settings[key] !== undefined)
      context.complain([...at, key], {
        en: `does not belong to ${type}, which stands for many accounts: see accounts`,
        zh: `不用于 ${type}，它代表许多账号：见 accounts`,
      });
  }
}
