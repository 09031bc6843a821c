import { admits } from '../accounts.ts';
import { type Counter, UNUSED } from '../counter.ts';
import type { Ticket } from '../tickets.ts';
import { NO_TOKENS, type TokenPair } from '../tokens.ts';
import type { PushedTicket } from './pushed-ticket.ts';

/** A third-party platform (`component`) of the Open Platform. */
export interface Component {
  readonly appId: string;
  readonly secret: string;
  /** Secrets from before a reset: they are told apart from those that never were right. */
  readonly formerSecrets: readonly string[];
  /** IP addresses and CIDR ranges; null: no whitelist. It is the platform's own list, not that of an account. */
  readonly whitelist: readonly string[] | null;
  /** Tokens a day. */
  readonly dailyQuota: number;
  readonly fetches: Counter;
  /** Clearings of the allowance in the current month. */
  readonly clearings: Counter;
  readonly pair: TokenPair;
  /** Newest first. */
  readonly tickets: readonly PushedTicket[];
  /** Whether tickets are pushed; `api_start_push_ticket` turns it on. */
  readonly isPushing: boolean;
  /** What `api_authorizer_token` says of the refresh token. */
  readonly echo: Echo;
}

/**
 * The refresh token in the answer of `api_authorizer_token`: `same` is what accounts see; the page leaves open whether
 * it may be a new one (`rotated`, the old one works on for five minutes); `empty` and `absent` are what a client must
 * not save.
 */
export const ECHOES = ['same', 'rotated', 'empty', 'absent'] as const;
export type Echo = (typeof ECHOES)[number];

/** What was authorised by an account to a component. */
export interface Authorizer {
  readonly componentAppId: string;
  readonly appId: string;
  readonly refreshToken: string;
  /** A replaced refresh token, and until when it works (epoch ms). */
  readonly formerRefreshToken: { readonly value: string; readonly validUntil: number } | undefined;
  /** Whether anybody has called `api_query_auth` for it: before that, the list has no refresh token of it. */
  readonly isExchanged: boolean;
  /** Epoch ms of the last authorisation. */
  readonly authorizedAt: number;
  readonly isRevoked: boolean;
  /** Whether the platform has restricted the account (50002). */
  readonly isLimited: boolean;
  readonly dailyQuota: number;
  readonly fetches: Counter;
  readonly pair: TokenPair;
  readonly jsapi: Ticket | undefined;
  readonly wxCard: Ticket | undefined;
}

/** A code that is exchanged once for what an account has authorised. Times are in epoch ms. */
export interface AuthorizationCode {
  readonly authorizer: string;
  readonly endsAt: number;
  readonly isUsed: boolean;
}

/**
 * Daily allowance of component tokens that a user read from quota/get
 * (https://developers.weixin.qq.com/community/develop/doc/0008a2235e0ac09dd0937ef206b400).
 */
const COMPONENT_QUOTA = 10_000;

/** The platform publishes no number for authorizer tokens: this one only has to be ample. */
export const AUTHORIZER_QUOTA = 10_000;

/** Creates a component that has not been used yet. */
export function newComponent(appId: string, secret: string): Component {
  return {
    appId,
    secret,
    formerSecrets: [],
    whitelist: null,
    dailyQuota: COMPONENT_QUOTA,
    fetches: UNUSED,
    clearings: UNUSED,
    pair: NO_TOKENS,
    tickets: [],
    isPushing: true,
    echo: 'same',
  };
}

/** The account and component of an authorizer as one key: an account may have authorised several components. */
export function authorizerKey(componentAppId: string, appId: string): string {
  return `${componentAppId}/${appId}`;
}

export function admitsCaller({ whitelist }: Component, ip: string): boolean {
  return admits(whitelist, ip);
}
