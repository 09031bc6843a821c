import type { Kind } from '../../core/credential.ts';
import { failureOf } from '../../core/failure.ts';
import type { Secret } from '../../core/secret.ts';
import type { CredentialKind } from '../../providers/kind.ts';
import { credentialKinds, DEFAULT_KIND, kindOf } from '../../providers/kinds.ts';
import { type FetchedConfig, MIRROR, type SecretSource } from '../config.ts';
import type { KeyPath } from '../key-path.ts';
import { LITERAL_SECRETS } from '../read/clean.ts';
import type { CredentialSettings } from '../schema/credential.ts';
import type { PlatformSettings } from '../schema/platform.ts';
import { parseSecret, readSecretFile } from '../secret-file.ts';
import { type Context, isMissing } from './context.ts';
import { idKeys, isSaid } from './kind-keys.ts';
import { type ResolvedMirror, resolveMirror } from './mirror.ts';
import { resolveNotify } from './notify.ts';
import { resolvePlatform } from './platform.ts';
import { type PlacedTarget, resolveTargets } from './targets.ts';

/** What counts for all credentials. */
export interface Surroundings {
  readonly platform: PlatformSettings;
  /** Whether all who share an account share what is known of it as well. */
  readonly coordinated: boolean;
}

/** A credential, where it is said, and what else has been learnt of it. */
export interface Resolved {
  readonly at: KeyPath;
  readonly config: Omit<FetchedConfig, 'secret' | 'publish'> & { readonly secret?: SecretSource };
  readonly secret?: Secret;
  readonly targets: readonly PlacedTarget[];
}

export async function resolveCredential(
  settings: CredentialSettings,
  at: KeyPath,
  { platform, coordinated }: Surroundings,
  context: Context,
): Promise<Resolved | ResolvedMirror | undefined> {
  const { type, name, budget, optional, notify } = settings;
  isMissing(context, [...at, 'name'], name, 'what the credential is called');
  if (type === MIRROR) return resolveMirror(settings, at, context);
  const kind = kindOf(type);
  const options = optionsOf(kind, settings);
  // An invalid type was replaced by the default, so nothing is checked that depends on it.
  const isTypeKnown = !context.isWrong([...at, 'type']);
  const appId = isTypeKnown ? readId(settings, kind, at, context) : anyId(settings, at, context);
  if (isTypeKnown) {
    refuseMisfits(settings, kind, at, context);
    const problem = kind.problem?.(options, { coordinated }, context, at);
    if (problem !== undefined) context.complain([...at, 'type'], problem);
  }
  const { source, secret } = await findSecret(settings, kind, at, context);
  const own = { general: platform, own: settings.platform, at: [...at, 'platform'], kind };
  const resolvedPlatform = await resolvePlatform(own, context);
  const targets = await resolveTargets(settings, at, context);
  const tickets = resolveTickets(settings, isTypeKnown ? kind : undefined, at, context);
  return {
    at,
    targets,
    ...(secret && { secret }),
    config: {
      name: name ?? '',
      type,
      appId,
      ...(source && { secret: source }),
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

/** The keys that only this type has, with what was said of them. */
function optionsOf({ options }: CredentialKind, settings: CredentialSettings) {
  const said = Object.keys(options).map((name) => [name, settings[name]] as const);
  return Object.fromEntries(said.filter(([, value]) => value !== undefined));
}

function readId(
  settings: CredentialSettings,
  { type, id }: CredentialKind,
  at: KeyPath,
  context: Context,
): string {
  const others = idKeys().filter((key) => key !== id.key && settings[key] !== undefined);
  for (const other of others) {
    context.complain([...at, other], `does not belong to ${type}, which has ${id.key}`);
  }
  const value = settings[id.key];
  if (others.length === 0) isMissing(context, [...at, id.key], value, `the ${id.label} of the account`);
  return typeof value === 'string' ? value : '';
}

/** Where it is not known which it should be. */
function anyId(settings: CredentialSettings, at: KeyPath, context: Context): string {
  const [usual = '', ...others] = idKeys();
  const id = [usual, ...others].map((key) => settings[key]).find((value) => typeof value === 'string');
  if (!others.some((key) => context.isWrong([...at, key])))
    isMissing(context, [...at, usual], id, `the ${DEFAULT_KIND.id.label} of the account`);
  return id ?? '';
}

/** Complains of keys of another type: they would have no effect, and were surely meant to have one. */
function refuseMisfits(
  settings: CredentialSettings,
  kind: CredentialKind,
  at: KeyPath,
  context: Context,
): void {
  for (const other of credentialKinds) {
    for (const [name, schema] of Object.entries(other.options)) {
      if (Object.hasOwn(kind.options, name) || !isSaid(settings[name], schema)) continue;
      const hint = name === other.timing ? instead(kind) : '';
      context.complain([...at, name], `belongs to ${other.type}${hint}`);
    }
  }
  if (settings.from !== undefined) {
    context.complain([...at, 'from'], `belongs to ${MIRROR}: it is fetched here`);
  }
}

/** What says when a token of this type is replaced. */
function instead({ type, timing }: CredentialKind): string {
  return typeof timing === 'string' ? `: ${type} has ${timing}` : `: ${timing.none}`;
}

/** The tickets of a credential. */
function resolveTickets(
  { tickets, publish = [] }: CredentialSettings,
  kind: CredentialKind | undefined,
  at: KeyPath,
  context: Context,
): Kind[] {
  const published = new Set<Kind | undefined>(publish.map((target) => target?.of));
  // Of a target that is wrong it is not known what it was to hold.
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

export interface FoundSecret {
  readonly source?: SecretSource;
  /** What it is now. */
  readonly secret?: Secret;
}

/** Finds the AppSecret of a credential; what is wrong with it is told, and never shown. */
async function findSecret(
  { secretFile, secretEnv }: CredentialSettings,
  { perSecret }: CredentialKind,
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
      return { source: { file: secretFile }, secret: await readSecretFile(secretFile) };
    } catch (error) {
      // Where each secret has a token of its own, it is not known whose without it.
      if (context.fetches || perSecret) context.complain(inFile, failureOf(error, 'unsent').message);
      return { source: { file: secretFile } };
    }
  }
  if (secretEnv !== undefined) return fromVariable(secretEnv, inVariable, context);
  const said = ['secretFile', 'secretEnv', ...LITERAL_SECRETS];
  if (!said.some((name) => context.isWrong([...at, name]))) {
    context.complain(inFile, `is required, or ${context.brief(inVariable)}: where the AppSecret is`);
  }
  return {};
}

/** The name is not repeated: it may be the secret itself, in the wrong place. */
function fromVariable(name: string, at: KeyPath, context: Context): FoundSecret {
  const text = context.environment[name];
  if (text === undefined || text === '') {
    context.complain(at, 'names a variable that is not set');
    return {};
  }
  const { secret, problem } = parseSecret(text);
  if (secret) return { source: { value: secret }, secret };
  context.complain(at, problem);
  return {};
}
