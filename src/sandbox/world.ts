import type { Corp, OfficialAccount } from './accounts.ts';
import type { Caller } from './callers.ts';
import { createIssuedTokens, type IssuedTokens } from './issued.ts';
import { createMint, type Mint, type RandomBytes } from './mint.ts';
import type { Outcome, PlatformRequest } from './protocol.ts';

export interface RuleOptions {
  /** Lifetime of tokens and tickets, in seconds (default 7200). */
  readonly tokenTtl?: number;
  /** How long a replaced classic token stays valid, in seconds (default 300). */
  readonly overlap?: number;
  /** From how many seconds before its end a stable token is replaced (default 300, at most a quarter of `tokenTtl`). */
  readonly rotationWindow?: number;
  /** Classic fetches per account and day (default 2000). */
  readonly dailyQuota?: number;
  /** Default: the system's secure source. */
  readonly random?: RandomBytes;
}

/** The platform's rules, in ms. */
export interface Rules {
  readonly tokenTtl: number;
  readonly overlap: number;
  readonly rotationWindow: number;
  readonly dailyQuota: number;
}

/** All that the platform knows. The accounts are immutable values that each call replaces by their successors. */
export interface World {
  readonly rules: Rules;
  readonly mint: Mint;
  readonly accounts: Map<string, OfficialAccount>;
  readonly corps: Map<string, Corp>;
  readonly issued: IssuedTokens;
  /** Callers of gettoken that have failed, by IP address. */
  readonly callers: Map<string, Caller>;
}

/** One platform call; `now` is epoch ms. */
export type Call = (world: World, request: PlatformRequest, now: number) => Outcome;

export function createWorld(options: RuleOptions): World {
  return {
    rules: rulesFrom(options),
    mint: createMint(options.random),
    accounts: new Map(),
    corps: new Map(),
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
