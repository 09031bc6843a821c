import type { CredentialConfig } from '../config/config.ts';
import { encodeEntry } from '../coordination/secret-entry.ts';
import { keysOf } from '../coordination/secret-layout.ts';
import { LARGEST_TOKEN } from '../publishers/secret-space.ts';

/**
 * What the Secret of a cluster holds once each credential has been fetched, at its longest, in base64: to try whether it
 * might be written.
 */
export function fullestData(credentials: readonly CredentialConfig[]): Readonly<Record<string, string>> {
  const data: Record<string, string> = {};
  for (const credential of credentials) {
    if (credential.type === 'mirror') continue;
    const { name, type, appId, tickets } = credential;
    for (const kind of ['token', ...tickets] as const) {
      const { value, entry } = keysOf(name, kind);
      data[value] = base64(LARGEST_TOKEN.value.reveal());
      data[entry] = base64(encodeEntry(LARGEST_TOKEN, { name, type, appId, kind }));
    }
  }
  return data;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
