export { bound } from './bound.ts';
export { createCallPaces, paced } from './call-pace.ts';
export { providerOf } from './explained.ts';
export { fingerprintOf } from './kind.ts';
export { credentialKinds, kindOf, ownerOf, policyOf } from './kinds.ts';
export { createPlatform } from './platform.ts';
export { createSharedReads } from './shared-reads.ts';
export { ticketOf } from './tickets.ts';
export { createTransport } from './transport.ts';
