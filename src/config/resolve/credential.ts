import type { Kind } from '../../core/credential.ts';
import { failureOf, inOneLine } from '../../core/failure.ts';
import type { Secret } from '../../core/secret.ts';
import type { CredentialKind } from '../../providers/kind.ts';
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
}

/** A checked credential, its position in the configuration, and the values that later checks need. */
export interface Resolved {
  readonly at: KeyPath;
  readonly config: Omit<FetchedConfig, 'secret' | 'publish'> & { readonly secret?: SecretSource };
  readonly secret?: Secret;
  readonly targets: readonly PlacedTarget[];
}

/**
 * Checks one credential and everything that it points at, and reports its problems.
 * @param at path of the credential in the configuration
 * @returns the credential; undefined for a mirror without a source
 */
export async function resolveCredential(
  settings: CredentialSettings,
  at: KeyPath,
  { platform, coordinated, connections }: SharedSettings,
  context: Context,
): Promise<Resolved | ResolvedMirror | undefined> {
  const { type, name, title, budget, optional, notify } = settings;
  isMissing(context, [...at, 'name'], name, 'what the credential is called');
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
      : await findSecret(settings, at, context);
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
      platform: resolvedPlatform,
      options,
      budget,
      coordinated,
      optional,
      tickets,
      notify: await resolveNotify(notify, at, context),
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
    context.complain([...at, other], `does not belong to ${type}, which has ${id.key}`);
  }
  const value = settings[id.key];
  if (others.length === 0) isMissing(context, [...at, id.key], value, `the ${id.label} of the account`);
  if (typeof value !== 'string') return '';
  const problem = idProblem?.(value);
  if (problem !== undefined) context.complain([...at, id.key], problem.en);
  return value;
}

/** Reads the account id from any id key, because the type is invalid and the right key is unknown. */
function anyId(settings: CredentialSettings, at: KeyPath, context: Context): string {
  const [usual = '', ...others] = idKeys();
  const id = [usual, ...others].map((key) => settings[key]).find((value) => typeof value === 'string');
  if (!others.some((key) => context.isWrong([...at, key])))
    isMissing(context, [...at, usual], id, `the ${DEFAULT_KIND.id.label} of the account`);
  return id ?? '';
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
      const hint = name === other.timing ? timingHint(kind) : '';
      context.complain([...at, name], `belongs to ${other.type}${hint}`);
    }
  }
  for (const key of ['accounts', 'removeAfter'] as const) {
    if (settings[key] !== undefined)
      context.complain([...at, key], `belongs to ${[...manyKinds.keys()].join(' and ')}`);
  }
  if (settings.from !== undefined) {
    context.complain([...at, 'from'], `belongs to ${MIRROR}: it is fetched here`);
  }
}

/** Names the key that sets when a token of this type is replaced, or says why there is none. */
function timingHint({ type, timing }: CredentialKind): string {
  return typeof timing === 'string' ? `: ${type} has ${timing}` : `: ${timing.none}`;
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
      const has = kind.tickets.length > 0 ? kind.tickets.join(' and ') : 'none';
      context.complain(here, `${ticket} is not a ticket of ${kind.type}: that has ${has}`);
    } else if (tickets.indexOf(ticket) < index) {
      context.complain(here, `${ticket} is there twice: once is enough`);
    } else if (isKnown && !published.has(ticket)) {
      context.complain(here, `${ticket} is published nowhere: add an entry with of: ${ticket} to publish`);
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
    context.complain(
      [...at, name],
      `does not belong to ${type}, which is fetched with the token of a ${via}`,
    );
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
  { secretFile, secretEnv, type }: CredentialSettings,
  at: KeyPath,
  context: Context,
): Promise<FoundSecret> {
  const [inFile, inVariable] = [
    [...at, 'secretFile'],
    [...at, 'secretEnv'],
  ];
  if (secretFile !== undefined && secretEnv !== undefined) {
    context.complain(inVariable, 'cannot stand beside secretFile: say one of them');
  }
  if (secretFile !== undefined) {
    try {
      return { source: { file: secretFile }, secret: await readSecretFile(secretFile, context.readInput) };
    } catch (error) {
      // A volume that does not answer passes, and other accounts need not wait for it, unless the secret tells which
      // account this is.
      const passes = isUnanswered((error as Error).cause) && type !== undefined && !kindOf(type).perSecret;
      if (context.fetches && !passes) context.complain(inFile, inOneLine(failureOf(error, 'unsent')).en);
      return { source: { file: secretFile } };
    }
  }
  if (secretEnv !== undefined) return fromVariable(secretEnv, inVariable, context);
  // The shell of a command that fetches nothing need not have what the daemon's environment has.
  const variable = context.brief(inFile);
  if (!context.fetches && variable.startsWith('WXTOKEN_')) return { source: { unset: variable } };
  const said = ['secretFile', 'secretEnv', ...LITERAL_SECRETS];
  if (!said.some((name) => context.isWrong([...at, name]))) {
    context.complain(inFile, `is required, or ${context.brief(inVariable)}: where the AppSecret is`);
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
    context.complain(at, 'names a variable that is not set');
    return {};
  }
  const { secret, problem } = parseSecret(text);
  if (secret) return { source: { value: secret }, secret };
  context.complain(at, problem.en);
  return {};
}
