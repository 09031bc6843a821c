import type { Kind } from '../../core/credential.ts';
import { failureOf, inOneLine } from '../../core/failure.ts';
import type { Secret } from '../../core/secret.ts';
import { allOf, en, type Text, zh } from '../../core/text.ts';
import type { CredentialKind, IdKey } from '../../providers/kind.ts';
import { credentialKinds, DEFAULT_KIND, kindOf, manyKinds } from '../../providers/kinds.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import { isUnanswered } from '../../system/fs/files.ts';
import { type FetchedConfig, MIRROR, type SecretSource } from '../config.ts';
import { LITERAL_SECRETS } from '../read/clean.ts';
import type { CredentialSettings } from '../schema/credential.ts';
import type { PlatformSettings } from '../schema/platform.ts';
import { parseSecret, readSecretFile } from '../secret-file.ts';
import { type Context, isMissing } from './context.ts';
import { idKeys, isSet } from './kind-keys.ts';
import { type ResolvedMirror, resolveMirror } from './mirror.ts';
import { resolveNotify } from './notify.ts';
import { resolvePlatform } from './platform.ts';
import { resolvePushed } from './pushed.ts';
import { type Connections, type PlacedTarget, resolveTargets } from './targets.ts';

/** Settings that apply to all credentials. */
export interface SharedSettings {
  readonly platform: PlatformSettings;
  /** Whether all daemons that use the same accounts share their state. */
  readonly coordinated: boolean;
  readonly connections: Connections;
  /** Whether the daemon itself writes the secret of a corp to that path, once the corp authorises. */
  readonly isAwaited: (path: string, corpId: unknown) => boolean;
}

/** A checked credential, its position in the configuration, and the values that later checks need. */
export interface Resolved {
  readonly at: KeyPath;
  readonly config: Omit<FetchedConfig, 'secret' | 'publish'> & { readonly secret?: SecretSource };
  readonly secret?: Secret;
  readonly targets: readonly PlacedTarget[];
  /** It is one account of an entry for many: one that the entry names, or what stands for all that the platform lists. */
  readonly many?: 'named' | 'listed';
}

/** Where the configuration says which account it is. */
export function whoseAt({ at, config, many }: Pick<Resolved, 'at' | 'config' | 'many'>): KeyPath {
  const key = { named: 'accounts', listed: 'via' } as const;
  return [...at, many === undefined ? kindOf(config.type).id.key : key[many]];
}

/**
 * Checks one credential and everything that it points at, and reports its problems.
 * @param at path of the credential in the configuration
 * @returns the credential; undefined for a mirror without a source
 */
export async function resolveCredential(
  settings: CredentialSettings,
  at: KeyPath,
  { platform, coordinated, connections, isAwaited }: SharedSettings,
  context: Context,
): Promise<Resolved | ResolvedMirror | undefined> {
  const { type, name, title, budget, optional, notify } = settings;
  isMissing(context, [...at, 'name'], name, { en: 'what the credential is called', zh: '凭据的名称' });
  if (type === MIRROR) return resolveMirror(settings, at, connections, context);
  const kind = kindOf(type);
  const options = optionsOf(kind, settings);
  // An invalid type was replaced by the default type, so checks that depend on the type are skipped.
  const isTypeKnown = !context.isWrong([...at, 'type']);
  const appId = isTypeKnown ? readId(settings, kind, at, context) : anyId(settings, at, context);
  if (isTypeKnown) {
    refuseInapplicableKeys(settings, kind, at, context);
    const problem = kind.problem?.(options, { coordinated }, context, at);
    if (problem !== undefined) context.complain([...at, 'type'], problem);
  }
  const { source, secret } =
    isTypeKnown && kind.secretless
      ? noSecret(settings, kind, at, context)
      : await findSecret(settings, at, isAwaited, context);
  const ticket = isTypeKnown ? await resolvePushed(settings, kind, at, context) : undefined;
  const own = { general: platform, own: settings.platform, at: [...at, 'platform'], kind };
  const resolvedPlatform = await resolvePlatform(own, context);
  const owner = {
    appId,
    idKey: kind.id.key,
    family: kind.family,
    ...(secret && { secret }),
  };
  const targets = await resolveTargets(settings, at, { ...connections, owner }, context);
  const tickets = resolveTickets(settings, isTypeKnown ? kind : undefined, at, context);
  return {
    at,
    targets,
    ...(secret && { secret }),
    config: {
      name: name ?? '',
      ...(title !== undefined && { title }),
      type,
      appId,
      ...(source && { secret: source }),
      ...(ticket && { ticket }),
      platform: context.share(resolvedPlatform),
      options: context.share(options),
      budget: context.share(budget),
      coordinated,
      optional,
      tickets: context.share(tickets),
      notify: context.share(await resolveNotify(notify, at, context)),
    },
  };
}

/** Collects the keys that only this type has, without those that are not set. */
function optionsOf({ options }: CredentialKind, settings: CredentialSettings) {
  const said = Object.keys(options).map((name) => [name, settings[name]] as const);
  return Object.fromEntries(said.filter(([, value]) => value !== undefined));
}

/** Reads the account id from the key that belongs to this type, and reports id keys of other types. */
function readId(
  settings: CredentialSettings,
  { type, id, idProblem }: CredentialKind,
  at: KeyPath,
  context: Context,
): string {
  const others = idKeys().filter((key) => key !== id.key && settings[key] !== undefined);
  for (const other of others) {
    context.complain([...at, other], {
      en: `does not belong to ${type}, which has ${id.key}`,
      zh: `不用于 ${type}，它用 ${id.key}`,
    });
  }
  const value = settings[id.key];
  if (others.length === 0) isMissing(context, [...at, id.key], value, idOf(id));
  if (typeof value !== 'string') return '';
  const problem = idProblem?.(value);
  if (problem !== undefined) context.complain([...at, id.key], problem);
  return value;
}

/** Reads the account id from any id key, because the type is invalid and the right key is unknown. */
function anyId(settings: CredentialSettings, at: KeyPath, context: Context): string {
  const [usual = '', ...others] = idKeys();
  const id = [usual, ...others].map((key) => settings[key]).find((value) => typeof value === 'string');
  if (!others.some((key) => context.isWrong([...at, key])))
    isMissing(context, [...at, usual], id, idOf(DEFAULT_KIND.id));
  return id ?? '';
}

function idOf({ label }: IdKey): Text {
  return { en: `the ${label} of the account`, zh: `账号的 ${label}` };
}

/** Reports keys of other types. They would have no effect, and the operator surely meant them to have one. */
function refuseInapplicableKeys(
  settings: CredentialSettings,
  kind: CredentialKind,
  at: KeyPath,
  context: Context,
): void {
  for (const other of credentialKinds) {
    for (const [name, schema] of Object.entries(other.options)) {
      if (Object.hasOwn(kind.options, name) || !isSet(settings[name], schema)) continue;
      const owner: Text = { en: `belongs to ${other.type}`, zh: `只用于 ${other.type}` };
      const hint = name === other.timing ? timingHint(kind) : undefined;
      const what = hint ? { en: en`${owner}: ${hint}`, zh: zh`${owner}：${hint}` } : owner;
      context.complain([...at, name], what);
    }
  }
  for (const key of ['accounts', 'removeAfter'] as const) {
    if (settings[key] === undefined) continue;
    const types = allOf([...manyKinds.keys()]);
    context.complain([...at, key], { en: en`belongs to ${types}`, zh: zh`只用于 ${types}` });
  }
  if (settings.from !== undefined) {
    context.complain([...at, 'from'], {
      en: `belongs to ${MIRROR}: it is fetched here`,
      zh: `只用于 ${MIRROR}：这份凭据在这里获取`,
    });
  }
}

/** Names the key that sets when a token of this type is replaced, or says why there is none. */
function timingHint({ type, timing }: CredentialKind): Text {
  return typeof timing === 'string'
    ? { en: `${type} has ${timing}`, zh: `${type} 用 ${timing}` }
    : timing.none;
}

/**
 * Checks the tickets of a credential against its type and its targets.
 * @param kind undefined if the type is invalid
 */
function resolveTickets(
  { tickets, publish = [] }: CredentialSettings,
  kind: CredentialKind | undefined,
  at: KeyPath,
  context: Context,
): Kind[] {
  const published = new Set<Kind | undefined>(publish.map((target) => target?.of));
  // An invalid target may have been meant for any of the tickets.
  const isKnown = publish.every(
    (target, index) => target && !context.isWrong([...at, 'publish', index, 'of']),
  );
  for (const [index, ticket] of tickets.entries()) {
    if (ticket === undefined) continue;
    const here = [...at, 'tickets', index];
    if (kind && !kind.tickets.includes(ticket)) {
      const { type, tickets: known } = kind;
      const has: Text =
        known.length === 0
          ? { en: 'that has none', zh: '它没有 ticket' }
          : { en: en`that has ${allOf(known)}`, zh: zh`它有 ${allOf(known)}` };
      context.complain(here, {
        en: en`${ticket} is not a ticket of ${type}: ${has}`,
        zh: zh`${ticket} 不是 ${type} 的 ticket：${has}`,
      });
    } else if (tickets.indexOf(ticket) < index) {
      context.complain(here, {
        en: `${ticket} is there twice: once is enough`,
        zh: `${ticket} 写了两次：一次就够`,
      });
    } else if (isKnown && !published.has(ticket)) {
      context.complain(here, {
        en: `${ticket} is published nowhere: add an entry with of: ${ticket} to publish`,
        zh: `${ticket} 没有发布到任何地方：在 publish 里加一项 of: ${ticket}`,
      });
    }
  }
  return tickets.filter((ticket) => ticket !== undefined);
}

/** Reports a secret of a type that has none: the operator has another type in mind. */
function noSecret(
  settings: CredentialSettings,
  { type, via }: CredentialKind,
  at: KeyPath,
  context: Context,
): FoundSecret {
  for (const name of ['secretFile', 'secretEnv']) {
    if (settings[name] === undefined) continue;
    context.complain([...at, name], {
      en: `does not belong to ${type}, which is fetched with the token of a ${via}`,
      zh: `不用于 ${type}，它用 ${via} 的 token 获取`,
    });
  }
  return { source: { none: true } };
}

/** The AppSecret of a credential, as far as it was found. */
export interface FoundSecret {
  readonly source?: SecretSource;
  /** The current value; absent if it could not be read. */
  readonly secret?: Secret;
}

/** Finds the AppSecret of a credential and reports its problems. No message contains the AppSecret. */
async function findSecret(
  { secretFile, secretEnv, type, ...own }: CredentialSettings,
  at: KeyPath,
  isAwaited: SharedSettings['isAwaited'],
  context: Context,
): Promise<FoundSecret> {
  const [inFile, inVariable] = [
    [...at, 'secretFile'],
    [...at, 'secretEnv'],
  ];
  if (secretFile !== undefined && secretEnv !== undefined) {
    context.complain(inVariable, {
      en: 'cannot stand beside secretFile: say one of them',
      zh: '不能与 secretFile 并用：只写一个',
    });
  }
  if (secretFile !== undefined) {
    const awaited = isAwaited(secretFile, own['corpId']) && ({ awaited: true } as const);
    const source = { file: secretFile, ...awaited };
    try {
      return { source, secret: await readSecretFile(secretFile, context.readInput) };
    } catch (error) {
      const isMissing = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
      if (awaited && isMissing) return { source };
      // A volume that does not answer passes, and other accounts need not wait for it, unless the secret tells which
      // account this is.
      const passes = isUnanswered((error as Error).cause) && type !== undefined && !kindOf(type).perSecret;
      if (context.fetches && !passes) context.complain(inFile, inOneLine(failureOf(error, 'unsent')));
      return { source };
    }
  }
  if (secretEnv !== undefined) return fromVariable(secretEnv, inVariable, context);
  // The shell of a command that fetches nothing need not have what the daemon's environment has.
  const variable = context.brief(inFile);
  if (!context.fetches && variable.startsWith('WXTOKEN_')) return { source: { unset: variable } };
  const said = ['secretFile', 'secretEnv', ...LITERAL_SECRETS];
  if (!said.some((name) => context.isWrong([...at, name]))) {
    const other = context.brief(inVariable);
    context.complain(inFile, {
      en: `is required, or ${other}: where the AppSecret is`,
      zh: `必填，或者用 ${other}：AppSecret 在哪里`,
    });
  }
  return {};
}

/**
 * Reads the AppSecret from an environment variable. Messages do not repeat the name of the variable: the operator may
 * have written the AppSecret in its place.
 */
function fromVariable(name: string, at: KeyPath, context: Context): FoundSecret {
  const text = context.environment[name];
  if (!context.fetches && (text === undefined || parseSecret(text).problem !== undefined)) {
    return { source: { unset: context.brief(at) } };
  }
  if (text === undefined || text === '') {
    context.complain(at, { en: 'names a variable that is not set', zh: '指定的变量没有设置' });
    return {};
  }
  const { secret, problem } = parseSecret(text);
  if (secret) return { source: { value: secret }, secret };
  context.complain(at, problem);
  return {};
}
