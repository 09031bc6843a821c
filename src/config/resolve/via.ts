import { isDeepStrictEqual } from 'node:util';
import { closest, didYouMean } from '../../core/closest.ts';
import type { Text } from '../../core/text.ts';
import { kindOf } from '../../providers/kinds.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import { isFetched } from '../config.ts';
import type { CredentialSettings } from '../schema/credential.ts';
import { type Context, isMissing } from './context.ts';
import { type Resolved, whoseAt } from './credential.ts';
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
  own: Resolved,
  via: string | undefined,
  byName: ReadonlyMap<string, Resolved | ResolvedMirror>,
  context: Context,
): Resolved | undefined {
  const { at, config } = own;
  const here: KeyPath = [...at, 'via'];
  const { type, platform } = config;
  const { via: wanted } = kindOf(type);
  if (wanted === undefined) {
    if (via !== undefined) {
      context.complain(here, {
        en: `does not belong to ${type}, which is fetched with a secret of its own`,
        zh: `不用于 ${type}，它用自己的密钥获取`,
      });
    }
    return undefined;
  }
  const name: Text = {
    en: `the name of a credential of type ${wanted}`,
    zh: `一份 ${wanted} 类型凭据的名称`,
  };
  if (isMissing(context, here, via, name) || via === undefined) return undefined;
  const party = byName.get(via);
  if (!party) {
    const meant = closest(via, [...byName.keys()]);
    const unknown: Text = {
      en: 'names no credential of this configuration',
      zh: '配置里没有叫这个名称的凭据',
    };
    context.complain(here, didYouMean(unknown, meant === undefined ? [] : [meant]));
    return undefined;
  }
  if (!isFetched(party.config) || party.config.type !== wanted) {
    if (context.isWrong([...party.at, 'type'])) return undefined;
    const found = party.config.type;
    context.complain(here, {
      en: `names a credential of type ${found}: ${type} is fetched through one of type ${wanted}`,
      zh: `指向 ${found} 类型的凭据：${type} 要通过 ${wanted} 类型的凭据获取`,
    });
    return undefined;
  }
  if (
    party.config.platform.id !== platform.id ||
    !isDeepStrictEqual(party.config.platform.hosts, platform.hosts)
  ) {
    context.complain(here, {
      en: 'names a credential at another base URL: its token is not known there',
      zh: '指向另一个 base URL 的凭据：那里不认识它的 token',
    });
    return undefined;
  }
  if (config.appId !== '' && party.config.appId === config.appId) {
    context.complain(whoseAt(own), {
      en: `${config.appId} is the third party itself: name the account that has authorised it`,
      zh: `${config.appId} 就是第三方自己：请写授权给它的账号`,
    });
    return undefined;
  }
  return party as Resolved;
}
