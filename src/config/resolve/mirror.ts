import type { TicketKind } from '../../core/credential.ts';
import type { MirrorConfig } from '../config.ts';
import type { KeyPath } from '../key-path.ts';
import type { CredentialSettings } from '../schema/credential.ts';
import { type Context, isMissing } from './context.ts';
import { resolveNotify } from './notify.ts';
import { type PlacedTarget, resolveTargets } from './targets.ts';

/** A mirror, where it is said, and where it is published. */
export interface ResolvedMirror {
  readonly at: KeyPath;
  readonly config: Omit<MirrorConfig, 'publish'>;
  readonly targets: readonly PlacedTarget[];
}

/** All that a source may hold: what of it there is shows when it is read. */
export const ALL_TICKETS: readonly TicketKind[] = ['jsapi', 'wx_card', 'corp_jsapi', 'agent_config'];

/** What belongs to those who fetch. */
const FETCHING = [
  ...['appId', 'corpId', 'secretFile', 'secretEnv', 'rotationWindow', 'ahead', 'recheck'],
  ...['allowForce', 'allowUncoordinated'],
] as const satisfies readonly string[];

export async function resolveMirror(
  settings: CredentialSettings,
  at: KeyPath,
  context: Context,
): Promise<ResolvedMirror | undefined> {
  const { name = '', from, optional, tickets, notify } = settings;
  const said = new Map<string, unknown>(Object.entries(settings));
  for (const key of FETCHING) {
    const value = said.get(key);
    if (value === undefined || value === false) continue;
    context.complain([...at, key], 'does not belong to mirror, which fetches nothing');
  }
  if (tickets.length > 0) {
    const what = 'does not belong to mirror: a target whose of names a ticket is enough';
    context.complain([...at, 'tickets'], what);
  }
  const source = sourceOf(from, [...at, 'from'], context);
  const targets = await resolveTargets({ ...settings, tickets: [...ALL_TICKETS] }, at, context);
  const kinds = new Set(targets.map(({ target }) => target.of));
  const config = {
    name,
    type: 'mirror' as const,
    optional,
    tickets: ALL_TICKETS.filter((ticket) => kinds.has(ticket)),
    notify: await resolveNotify(notify, at, context),
  };
  return source && { at, targets, config: { ...config, from: source } };
}

function sourceOf(
  from: CredentialSettings['from'],
  at: KeyPath,
  context: Context,
): MirrorConfig['from'] | undefined {
  if (isMissing(context, at, from, 'where the mirror reads')) return undefined;
  const { kubernetesSecret: secret } = from ?? {};
  const here = [...at, 'kubernetesSecret'];
  if (isMissing(context, here, secret, 'the Secret that the mirror reads') || !secret) return undefined;
  const { namespace, name, credential } = secret;
  isMissing(context, [...here, 'name'], name, 'the name of the Secret');
  isMissing(context, [...here, 'credential'], credential, 'what the credential is called there');
  if (name === undefined || credential === undefined) return undefined;
  return { ...(namespace !== undefined && { namespace }), name, credential };
}
