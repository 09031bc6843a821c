import type { Kind } from '../core/credential.ts';
import { type Keys, keysOf, type Part, partOf, type SecretContent } from './secret-layout.ts';

/**
 * What a Secret keeps of the same account under other names: the one that it had before it was renamed, or those of
 * others who have a ticket in common. An account has one state, whatever it is called.
 */
export function siblingsOf(secret: SecretContent, keys: Keys, kind: Kind, account: string): readonly Part[] {
  const [prefix] = keys.record.split('/');
  // Found in the text before it is read: there are a hundred of them.
  const mark = `"account":${JSON.stringify(account)}`;
  const { annotations = {} } = secret.metadata;
  return Object.entries(annotations).flatMap(([key, text]) => {
    if (key === keys.record || !key.startsWith(`${prefix}/`) || !text.includes(mark)) return [];
    return [partOf(secret, keysOf(key.slice(`${prefix}/`.length), kind))];
  });
}
