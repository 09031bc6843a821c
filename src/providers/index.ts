export { providerOf } from './explained.ts';
export { fingerprintOf } from './kind.ts';
export { kindOf, policyOf } from './kinds.ts';
export { createPlatform } from './platform.ts';
export { ticketOf } from './tickets.ts';
export { createTransport } from './transport.ts';
