import type { CredentialType } from '../core/credential.ts';
import type { Secret } from '../core/secret.ts';
import { MINUTE } from '../core/time.ts';
import { parseDuration } from '../system/duration.ts';
import type { FetchedConfig, SecretSource } from './config.ts';
import { type Context, isMissing } from './context.ts';
import type { KeyPath } from './key-path.ts';
import { refuseMisfits, refuseUncoordinated } from './misfits.ts';
import { type ResolvedMirror, resolveMirror } from './resolve-mirror.ts';
import { resolveNotify } from './resolve-notify.ts';
import { resolvePlatform } from './resolve-platform.ts';
import { findSecret } from './resolve-secret.ts';
import { type PlacedTarget, resolveTargets } from './resolve-targets.ts';
import { resolveTickets } from './resolve-tickets.ts';
import { type CredentialSettings, WINDOWS } from './schema-credential.ts';
import type { PlatformSettings } from './schema-platform.ts';

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
