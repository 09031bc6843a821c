import { randomBytes } from 'node:crypto';
import { DAY, SECOND } from '../core/time.ts';
import type { Corp, OfficialAccount } from './accounts.ts';
import type { Caller } from './callers.ts';
import type { Outcome, PlatformRequest } from './protocol.ts';
import { createThirdParties, type ThirdParties } from './third-parties/index.ts';
import type { Notice } from './third-parties/notice.ts';

export interface RuleOptions {
  /** Lifetime of tokens and tickets in seconds (default 7200). */
  readonly tokenTtl?: number;
  /** How long a replaced classic token stays valid, in seconds (default 300). */
  readonly overlap?: number;
  /**
   * How long before its end a stable token is replaced, in seconds (default 300, at most a quarter of `tokenTtl`).
   */
  readonly rotationWindow?: number;
  /** Classic fetches per account and day (default 2000). */
  readonly dailyQuota?: number;
  /** Source of random bytes (default: the system's secure one). */
  readonly random?: RandomBytes;
}

/** The platform's rules; times in ms. */
export interface Rules {
  readonly tokenTtl: number;
  readonly overlap: number;
  readonly rotationWindow: number;
  readonly dailyQuota: number;
}

/** State of the platform. Accounts are immutable values; each call replaces them by new ones. */
export interface World {
  readonly rules: Rules;
  readonly mint: Mint;
  readonly accounts: Map<string, OfficialAccount>;
  readonly corps: Map<string, Corp>;
  readonly thirdParties: ThirdParties;
  /** What is still to be pushed, oldest first. */
  readonly notices: Notice[];
  readonly issued: IssuedTokens;
  /** Callers of gettoken that have failed, by IP address. */
  readonly callers: Map<string, Caller>;
}

/** Handles one platform call; `now` is in epoch ms. */
export type Call = (world: World, request: PlatformRequest, now: number) => Outcome;

/**
 * Creates a platform without accounts.
 * @throws {TypeError} for rules that contradict themselves
 */
export function createWorld(options: RuleOptions): World {
  return {
    rules: rulesFrom(options),
    mint: createMint(options.random),
    accounts: new Map(),
    corps: new Map(),
    thirdParties: createThirdParties(),
    notices: [],
    issued: createIssuedTokens(),
    callers: new Map(),
  };
}

function rulesFrom(options: RuleOptions): Rules {
  const { tokenTtl = 7200, overlap = 300, dailyQuota = 2000 } = options;
  const rotationWindow = options.rotationWindow ?? Math.min(300, tokenTtl / 4);
  for (const [name, value] of Object.entries({ tokenTtl, overlap, rotationWindow, dailyQuota })) {
    if (!Number.isFinite(value) || value < 0) throw new TypeError(`${name} must be a number of at least 0`);
  }
  if (rotationWindow >= tokenTtl) throw new TypeError('rotationWindow must be shorter than tokenTtl');
  return {
    tokenTtl: tokenTtl * 1000,
    overlap: overlap * 1000,
    rotationWindow: rotationWindow * 1000,
    dailyQuota,
  };
}

/** Returns `size` random bytes. A seeded source makes a simulation repeatable. */
export type RandomBytes = (size: number) => Uint8Array;

/** Generates the values that the platform issues. */
export interface Mint {
  /**
   * 136 characters, like tokens seen in practice: digits, `_`, then URL-safe characters (docs/wechat-facts.md,
   * "Form of answers").
   */
  readonly token: () => string;
  /** WeCom's tokens have no leading digits. */
  readonly corpToken: () => string;
  readonly ticket: () => string;
  /** `component_verify_ticket`: `ticket@@@` and 86 characters, as in the documentation's samples. */
  readonly verifyTicket: () => string;
  readonly suiteTicket: () => string;
  readonly refreshToken: () => string;
  readonly authorizationCode: () => string;
  readonly permanentCode: () => string;
  /** 16 random bytes, as each encrypted push begins with. */
  readonly salt: () => Uint8Array;
  /** Nonce of a push: digits. */
  readonly nonce: () => string;
  /** Request id: three groups of eight hex digits. */
  /** A request id begins with the second of the request (epoch ms), as WeChat's do. */
  readonly rid: (now: number) => string;
  /** WeCom's counterpart of the request id: digits. */
  readonly hint: () => string;
}

/** The second of a moment (epoch ms) in eight hexadecimal digits. */
function secondOf(now: number): string {
  const second = Math.floor(now / SECOND) % 2 ** 32;
  return second.toString(16).padStart(8, '0');
}

function createMint(random: RandomBytes = randomBytes): Mint {
  const urlSafe = (length: number) =>
    Buffer.from(random(Math.ceil((length * 3) / 4)))
      .toString('base64url')
      .slice(0, length);
  const hex = (digits: number) => Buffer.from(random(digits / 2)).toString('hex');
  return {
    token: () => `84_${urlSafe(133)}`,
    corpToken: () => urlSafe(214),
    ticket: () => urlSafe(86),
    verifyTicket: () => `ticket@@@${urlSafe(86)}`,
    suiteTicket: () => urlSafe(64),
    refreshToken: () => `refreshtoken@@@${urlSafe(43)}`,
    authorizationCode: () => `queryauthcode@@@${urlSafe(86)}`,
    permanentCode: () => urlSafe(43),
    salt: () => random(16),
    nonce: () => String(Buffer.from(random(4)).readUInt32BE()),
    rid: (now) => `${secondOf(now)}-${hex(8)}-${hex(8)}`,
    hint: () =>
      BigInt(`0x${hex(14)}`)
        .toString()
        .padStart(19, '1'),
  };
}

/** The owner of a token and the end of its lifetime (epoch ms), whether or not it is still valid. */
export type Issued = { readonly endsAt: number } & (
  | { readonly kind: 'classic' | 'stable'; readonly appId: string }
  | { readonly kind: 'wecom'; readonly corpId: string; readonly app: number }
  | { readonly kind: 'component' | 'bot'; readonly appId: string }
  | { readonly kind: 'authorizer'; readonly component: string; readonly appId: string }
  | { readonly kind: 'provider'; readonly corpId: string }
  | { readonly kind: 'suite'; readonly suiteId: string }
  | { readonly kind: 'suite-corp'; readonly suiteId: string; readonly corpId: string }
);

/**
 * All issued tokens by value: they identify the owner of a presented token, and distinguish an old token from an
 * invented one.
 */
export interface IssuedTokens {
  readonly add: (value: string, issued: Issued, now: number) => void;
  readonly find: (value: string) => Issued | undefined;
}

const MIN_SWEEP_SIZE = 1_000;

/** Remembers each token for a day after its end, so that simulations of many days need little memory. */
export function createIssuedTokens(): IssuedTokens {
  const tokens = new Map<string, Issued>();
  let sweepAt = MIN_SWEEP_SIZE;
  return {
    add(value, issued, now) {
      tokens.set(value, issued);
      if (tokens.size < sweepAt) return;
      for (const [old, { endsAt }] of tokens) if (endsAt + DAY < now) tokens.delete(old);
      sweepAt = Math.max(MIN_SWEEP_SIZE, 2 * tokens.size);
    },
    find: (value) => tokens.get(value),
  };
}
