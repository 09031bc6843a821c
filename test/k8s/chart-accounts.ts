import type { CredentialKind } from '../../src/providers/kind.ts';
import { credentialKinds } from '../../src/providers/kinds.ts';
import type { Part } from './manifests.ts';

const ID: Readonly<Record<string, string>> = {
  appId: 'wx0000000000000000',
  corpId: 'ww0000000000000000',
  suiteId: 'ww0000000000000001',
};

/** Of an account that is fetched through the one of {@link ID}. */
const CHILD_ID: typeof ID = { ...ID, appId: 'wx1111111111111111' };

/** An account of a type, and what else it takes: the third party that it is fetched through, what pushes come to. */
export function accountsOf(kind: CredentialKind): Part[] {
  const { type, id, via } = kind;
  const parent = credentialKinds.find((other) => other.type === via);
  const push = {
    path: '/wx/platform',
    tokenFile: '/etc/wx-token/token',
    encodingAesKeyFile: '/etc/wx-token/aes-key',
  };
  const account = {
    name: type,
    type,
    [id.key]: (via === undefined ? ID : CHILD_ID)[id.key],
    ...(via !== undefined && { via }),
    ...(kind.pushed && { ticket: { push } }),
  };
  return [...(parent ? accountsOf(parent) : []), account];
}

/** A type whose ticket the platform pushes. */
export function kindWithPushes(): CredentialKind {
  const found = credentialKinds.find(({ pushed }) => pushed);
  if (!found) throw new Error('no type takes pushes');
  return found;
}
