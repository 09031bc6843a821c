import * as v from 'valibot';
import type { Text } from '../../core/text.ts';
import { ALL_TICKETS, credentialKinds } from '../../providers/kinds.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import { MIRROR, type MirrorConfig } from '../config.ts';
import type { CredentialSettings } from '../schema/credential.ts';
import { type Context, isMissing } from './context.ts';
import { idKeys, isSet } from './kind-keys.ts';
import { resolveNotify } from './notify.ts';
import { type Connections, type PlacedTarget, resolveTargets } from './targets.ts';

/** A checked mirror, its position in the configuration, and its targets. */
export interface ResolvedMirror {
  readonly at: KeyPath;
  readonly config: Omit<MirrorConfig, 'publish'>;
  readonly targets: readonly PlacedTarget[];
}

/** The keys of fetched credentials, with the schemas whose defaults may be set on a mirror as well. */
const FETCHING: v.ObjectEntries = Object.assign(
  Object.fromEntries(
    [...idKeys(), 'secretFile', 'secretEnv', 'via', 'ticket', 'accounts', 'removeAfter'].map((name) => [
      name,
      v.unknown(),
    ]),
  ),
  ...credentialKinds.map(({ options }) => options),
);

/**
 * Checks a mirror and reports its problems.
 * @param at path of the mirror in the configuration
 * @param connections the connections that its targets may name
 * @returns the mirror; undefined if its source is incomplete
 */
export async function resolveMirror(
  settings: CredentialSettings,
  at: KeyPath,
  connections: Connections,
  context: Context,
): Promise<ResolvedMirror | undefined> {
  const { name = '', title, from, optional, tickets, notify } = settings;
  for (const [key, schema] of Object.entries(FETCHING)) {
    if (!isSet(settings[key], schema)) continue;
    context.complain([...at, key], {
      en: 'does not belong to mirror, which fetches nothing',
      zh: '不用于 mirror，它不获取任何东西',
    });
  }
  if (tickets.length > 0) {
    context.complain([...at, 'tickets'], {
      en: 'does not belong to mirror: a target whose of names a ticket is enough',
      zh: '不用于 mirror：发布目标的 of 写明 ticket 就够了',
    });
  }
  const source = sourceOf(from, [...at, 'from'], context);
  const targets = await resolveTargets({ ...settings, tickets: [...ALL_TICKETS] }, at, connections, context);
  const kinds = new Set(targets.map(({ target }) => target.of));
  const config = {
    name,
    ...(title !== undefined && { title }),
    type: MIRROR as typeof MIRROR,
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
  const source: Text = { en: 'where the mirror reads', zh: '从哪里读取' };
  if (isMissing(context, at, from, source)) return undefined;
  const { kubernetesSecret: secret } = from ?? {};
  const here = [...at, 'kubernetesSecret'];
  const read: Text = { en: 'the Secret that the mirror reads', zh: '要读取的 Secret' };
  if (isMissing(context, here, secret, read) || !secret) return undefined;
  const { namespace, name, credential } = secret;
  isMissing(context, [...here, 'name'], name, { en: 'the name of the Secret', zh: 'Secret 的名称' });
  isMissing(context, [...here, 'credential'], credential, {
    en: 'what the credential is called there',
    zh: '凭据在那里的名称',
  });
  if (name === undefined || credential === undefined) return undefined;
  return { ...(namespace !== undefined && { namespace }), name, credential };
}
