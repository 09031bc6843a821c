import { createHmac } from 'node:crypto';
import type { Secret } from '../core/secret.ts';

/**
 * Tells one AppSecret from another without telling it: the same for all daemons of an account, different between
 * accounts. An AppSecret is 128 random bits, so the hash cannot be guessed back.
 */
export function fingerprintOf(account: string, secret: Secret): string {
  return createHmac('sha256', `wx-token-sidecar ${account}`)
    .update(secret.reveal())
    .digest('hex')
    .slice(0, 32);
}
