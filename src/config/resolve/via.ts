import { isDeepStrictEqual } from 'node:util';
import { kindOf } from '../../providers/kinds.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import { isFetched } from '../config.ts';
import { closest } from '../read/clean.ts';
import type { CredentialSettings } from '../schema/credential.ts';
import { type Context, isMissing } from './context.ts';
import type { Resolved } from './credential.ts';
import type { ResolvedMirror } from './mirror.ts';

/**
 * Joins each account that is fetched through a third party with the credential of that, and reports each that cannot be.
 * A third party is fetched with a secret of its own, so there are no circles.
 * @returns the credentials, in the same order
 */
export function linkVia(
  credentials: readonly (Resolved | ResolvedMirror)[],
  settings: readonly (CredentialSettings | undefined)[],
  context: Context,
): readonly (Resolved | ResolvedMirror)[] {
  const byName = new Map(credentials.map((credential) => [credential.config.name, credential]));
  return credentials.map((credential) => {
    if (!isFetched(credential.config) || context.isWrong([...credential.at, 'type'])) return credential;
    const own = credential as Resolved;
    const { via } = settings[Number(own.at[1])] ?? {};
    const party = findParty(own, via, byName, context);
    if (!party || via === undefined) return own;
    return { ...own, config: { ...own.config, via: { name: via, appId: party.config.appId } } };
  });
}

function findParty(
  { at, config }: Resolved,
  via: string | undefined,
  byName: ReadonlyMap<string, Resolved | ResolvedMirror>,
  context: Context,
): Resolved | undefined {
  const here: KeyPath = [...at, 'via'];
  const { type, platform } = config;
  const { via: wanted } = kindOf(type);
  if (wanted === undefined) {
    if (via !== undefined)
      context.complain(here, `does not belong to ${type}, which is fetched with a secret of its own`);
    return undefined;
  }
  if (isMissing(context, here, via, `the name of a credential of type ${wanted}`) || via === undefined)
    return undefined;
  const party = byName.get(via);
  if (!party) {
    const meant = closest(via, [...byName.keys()]);
    context.complain(
      here,
      `names no credential of this configuration${meant ? `; did you mean ${meant}?` : ''}`,
    );
    return undefined;
  }
  if (!isFetched(party.config) || party.config.type !== wanted) {
    if (context.isWrong([...party.at, 'type'])) return undefined;
    context.complain(
      here,
      `names a credential of type ${party.config.type}: ${type} is fetched through one of type ${wanted}`,
    );
    return undefined;
  }
  if (
    party.config.platform.id !== platform.id ||
    !isDeepStrictEqual(party.config.platform.hosts, platform.hosts)
  ) {
    context.complain(here, 'names a credential at another base URL: its token is not known there');
    return undefined;
  }
  return party as Resolved;
}
