import type { Context } from './context.ts';
import { type KeyPath, pathText } from './key-path.ts';
import type { Resolved } from './resolve-credential.ts';
import type { ResolvedMirror } from './resolve-mirror.ts';
import type { CredentialSettings } from './schema-credential.ts';

/** Tells of names that two credentials share: whoever says one would not know which is meant. */
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
 * Tells of an account that two credentials stand for. They would share lock and budget, and do everything twice. An
 * account is a type of token of an AppID; a corp has one for each secret.
 */
export function refuseSharedAccounts(
  credentials: readonly (Resolved | ResolvedMirror)[],
  context: Context,
): void {
  const first = new Map<string, Resolved>();
  const sources = new Map<string, KeyPath>();
  for (const resolved of credentials) {
    if (!isFetched(resolved)) {
      refuseSharedSource(resolved, sources, context);
      continue;
    }
    const { at, config, secret } = resolved;
    const { type, appId, platform } = config;
    if (appId === '' || context.isWrong([...at, 'type']) || (type === 'wecom' && !secret)) continue;
    const account = [platform.id, type, appId, type === 'wecom' ? secret?.reveal() : ''].join('\0');
    const known = first.get(account);
    if (!known) {
      first.set(account, resolved);
      continue;
    }
    const key = type === 'wecom' ? 'corpId' : 'appId';
    const same = type === 'wecom' ? 'the same corp and secret' : 'the same account and type';
    context.complain([...at, key], `${same} as ${pathText(known.at)}: let one credential publish for both`);
  }
}

function isFetched(resolved: Resolved | ResolvedMirror): resolved is Resolved {
  return resolved.config.type !== 'mirror';
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
