import type { CredentialType, TicketKind } from '../../core/credential.ts';
import { failureOf } from '../../core/failure.ts';
import type { Secret } from '../../core/secret.ts';
import { MINUTE } from '../../core/time.ts';
import { parseDuration } from '../../system/time/duration.ts';
import type { FetchedConfig, SecretSource } from '../config.ts';
import type { KeyPath } from '../key-path.ts';
import { LITERAL_SECRETS } from '../read/clean.ts';
import { type CredentialSettings, WINDOWS } from '../schema/credential.ts';
import type { PlatformSettings } from '../schema/platform.ts';
import { parseSecret, readSecretFile } from '../secret-file.ts';
import { type Context, isMissing } from './context.ts';
import { type ResolvedMirror, resolveMirror } from './mirror.ts';
import { resolveNotify } from './notify.ts';
import { resolvePlatform } from './platform.ts';
import { type PlacedTarget, resolveTargets } from './targets.ts';

/** Pods that share nothing learn of a forced rotation elsewhere by asking again; WeChat recommends this rhythm. */
const RECHECK = 5 * MINUTE;

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
  const { type, name, budget, allowForce, optional, notify } = settings;
  isMissing(context, [...at, 'name'], name, 'what the credential is called');
  if (type === 'mirror') return resolveMirror(settings, at, context);
  // Where it is wrong, the default stands in for it: then nothing is known of what hangs on it.
  const isTypeKnown = !context.isWrong([...at, 'type']);
  const appId = isTypeKnown ? readId(settings, type, at, context) : anyId(settings, at, context);
  if (isTypeKnown) refuseMisfits(settings, type, at, context);
  if (isTypeKnown && type === 'access-token' && !coordinated && !settings.allowUncoordinated) {
    refuseUncoordinated(at, context);
  }
  const { source, secret } = await findSecret(settings, at, context);
  const own = { general: platform, own: settings.platform, at: [...at, 'platform'], type };
  const resolvedPlatform = await resolvePlatform(own, context);
  const targets = await resolveTargets(settings, at, context);
  const tickets = resolveTickets(settings, isTypeKnown ? type : undefined, at, context);
  // The others' tokens come back whoever asks, so there is no forced rotation to learn of.
  const recheck = settings.recheck ?? (coordinated || type !== 'stable-token' ? 'off' : RECHECK);
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
      window: windowOf(settings, type),
      budget,
      coordinated,
      allowForce,
      ...(recheck !== 'off' && { recheck }),
      optional,
      tickets,
      notify: await resolveNotify(notify, at, context),
    },
  };
}

function readId(
  { appId, corpId }: CredentialSettings,
  type: CredentialType,
  at: KeyPath,
  context: Context,
): string {
  const [mine, other, what] =
    type === 'wecom' ? (['corpId', 'appId', 'CorpID'] as const) : (['appId', 'corpId', 'AppID'] as const);
  const values = { appId, corpId };
  if (values[other] !== undefined) {
    context.complain([...at, other], `does not belong to ${type}, which has ${mine}`);
  } else isMissing(context, [...at, mine], values[mine], `the ${what} of the account`);
  return values[mine] ?? '';
}

/** Where it is not known which it should be. */
function anyId({ appId, corpId }: CredentialSettings, at: KeyPath, context: Context): string {
  const id = appId ?? corpId;
  if (!context.isWrong([...at, 'corpId']))
    isMissing(context, [...at, 'appId'], id, 'the AppID of the account');
  return id ?? '';
}

function windowOf({ ahead, rotationWindow }: CredentialSettings, type: CredentialType): number {
  const [given, usual] =
    type === 'access-token' ? [ahead, WINDOWS.ahead] : [rotationWindow, WINDOWS.rotationWindow];
  return given ?? parseDuration(usual) ?? 0;
}

/** What would have no effect, and was surely meant to have one. */
function refuseMisfits(
  settings: CredentialSettings,
  type: CredentialType,
  at: KeyPath,
  context: Context,
): void {
  const { rotationWindow, ahead, recheck, allowForce, allowUncoordinated, from } = settings;
  const instead = { 'stable-token': 'rotationWindow', 'access-token': 'ahead', wecom: undefined }[type];
  const hint = instead ? `: ${type} has ${instead}` : ': a token of wecom repeats until it ends';
  const misfits: [name: string, isSaid: boolean, belongsTo: CredentialType | 'mirror', hint: string][] = [
    ['rotationWindow', rotationWindow !== undefined, 'stable-token', hint],
    ['ahead', ahead !== undefined, 'access-token', hint],
    ['recheck', recheck !== undefined, 'stable-token', ''],
    ['allowForce', allowForce, 'stable-token', ''],
    ['allowUncoordinated', allowUncoordinated, 'access-token', ''],
    ['from', from !== undefined, 'mirror', ': it is fetched here'],
  ];
  for (const [name, isSaid, belongsTo, more] of misfits) {
    if (isSaid && type !== belongsTo) context.complain([...at, name], `belongs to ${belongsTo}${more}`);
  }
}

/** Where each pod would fetch for itself. */
function refuseUncoordinated(at: KeyPath, context: Context): void {
  context.complain(
    [...at, 'type'],
    'access-token in Kubernetes needs one refresher for all pods, since every fetch kills the token before: ' +
      `use stable-token, or elect one in ${context.name(['cluster'])}, or name a shared folder in ${context.name(['stateDir'])}, ` +
      `or set ${context.setting([...at, 'allowUncoordinated'], 'true')} if this is the only pod that will ever fetch`,
  );
}

/** What hangs on which token. */
const TICKETS: Readonly<Record<CredentialType, readonly TicketKind[]>> = {
  'stable-token': ['jsapi', 'wx_card'],
  'access-token': ['jsapi', 'wx_card'],
  wecom: ['corp_jsapi', 'agent_config'],
};

/** The tickets of a credential. */
function resolveTickets(
  { tickets, publish = [] }: CredentialSettings,
  type: CredentialType | undefined,
  at: KeyPath,
  context: Context,
): TicketKind[] {
  const published = new Set(publish.map((target) => target?.of));
  // Of a target that is wrong it is not known what it was to hold.
  const isKnown = publish.every(
    (target, index) => target && !context.isWrong([...at, 'publish', index, 'of']),
  );
  for (const [index, ticket] of tickets.entries()) {
    if (ticket === undefined) continue;
    const here = [...at, 'tickets', index];
    if (type && !TICKETS[type].includes(ticket)) {
      context.complain(here, `${ticket} is not a ticket of ${type}: that has ${TICKETS[type].join(' and ')}`);
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
      if (context.fetches) context.complain(inFile, failureOf(error, 'unsent').message);
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
