import type { CredentialType } from '../core/credential.ts';
import { accessToken } from './access-token.ts';
import type { CredentialKind } from './kind.ts';
import { stableToken } from './stable-token.ts';
import { wecom } from './wecom.ts';

/** A new type of credential is one file in this folder and one line here. */
export const credentialKinds: Readonly<Record<CredentialType, CredentialKind>> = {
  'stable-token': stableToken,
  'access-token': accessToken,
  wecom,
};

export { fingerprintOf } from './kind.ts';
export { createPlatform } from './platform.ts';
export { ticketKinds } from './tickets.ts';
export { createTransport } from './transport.ts';
