import type { Counter } from '../counter.ts';
import { UNUSED } from '../counter.ts';
import type { Ticket } from '../tickets.ts';
import type { Token } from '../tokens.ts';
import type { PushedTicket } from './pushed-ticket.ts';

/** A WeCom provider. Its whitelist binds the calls of all its suites. */
export interface Provider {
  readonly corpId: string;
  readonly secret: string;
  readonly whitelist: readonly string[] | null;
  readonly token: Token | undefined;
}

/** A third-party app (suite) of a provider. */
export interface Suite {
  readonly suiteId: string;
  readonly secret: string;
  /** Corp id of its provider. */
  readonly provider: string;
  readonly token: Token | undefined;
  /** Newest first. */
  readonly tickets: readonly PushedTicket[];
  readonly isPushing: boolean;
}

/** A corp that has installed a suite. */
export interface SuiteCorp {
  readonly suiteId: string;
  /** As the suite sees it: encrypted, and case-sensitive. */
  readonly corpId: string;
  readonly permanentCode: string;
  readonly isRevoked: boolean;
  readonly token: Token | undefined;
  readonly fetches: Counter;
  readonly jsapi: Ticket | undefined;
  readonly agentTicket: Ticket | undefined;
}

/** A code that is exchanged once for a permanent code. Times are in epoch ms. */
export interface SuiteCode {
  readonly suiteCorp: string;
  readonly endsAt: number;
  readonly isUsed: boolean;
}

export function newProvider(corpId: string, secret: string): Provider {
  return { corpId, secret, whitelist: null, token: undefined };
}

export function newSuite(suiteId: string, secret: string, provider: string): Suite {
  return { suiteId, secret, provider, token: undefined, tickets: [], isPushing: true };
}

export function newSuiteCorp(suiteId: string, corpId: string, permanentCode: string): SuiteCorp {
  return {
    suiteId,
    corpId,
    permanentCode,
    isRevoked: false,
    token: undefined,
    fetches: UNUSED,
    jsapi: undefined,
    agentTicket: undefined,
  };
}

/** The corp and the suite that it has installed as one key. */
export function suiteCorpKey(suiteId: string, corpId: string): string {
  return `${suiteId}/${corpId}`;
}
