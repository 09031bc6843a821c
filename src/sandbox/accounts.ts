import { BlockList, isIP } from 'node:net';
import { type Counter, UNUSED } from './counter.ts';
import { type StableState, UNUSED_STABLE } from './stable.ts';
import type { Ticket } from './tickets.ts';
import { NO_TOKENS, type Token, type TokenPair } from './tokens.ts';

/** An appid with its secret. A corpid (`ww…`) may occur several times, once per app of the corp. */
export interface SandboxAccount {
  readonly appId: string;
  readonly secret: string;
}

/** Settings that an administrator can change for an official account and for a corp alike. */
interface Settings {
  readonly frozen: boolean;
  readonly apiBanned: boolean;
  /** IP addresses and CIDR ranges; null: no whitelist. */
  readonly whitelist: readonly string[] | null;
}

/** An official account or mini program. */
export interface OfficialAccount extends Settings {
  readonly appId: string;
  readonly secret: string;
  readonly dailyQuota: number;
  readonly fetches: Counter;
  readonly classic: TokenPair;
  readonly stable: StableState;
  readonly jsapi: Ticket | undefined;
  readonly wxCard: Ticket | undefined;
}

/** One app of a corp: each has its own secret and token. */
export interface CorpApp {
  readonly secret: string;
  readonly fetches: Counter;
  readonly token: Token | undefined;
  readonly agentTicket: Ticket | undefined;
  readonly ticketCalls: Counter;
}

/** A corp. `apps` only grows, so an index in it identifies an app for good, even after its secret was reset. */
export interface Corp extends Settings {
  readonly corpId: string;
  readonly apps: readonly CorpApp[];
  readonly jsapi: Ticket | undefined;
  readonly ticketCalls: Counter;
}

const DEFAULT_SETTINGS: Settings = { frozen: false, apiBanned: false, whitelist: null };

/** Whether an id is that of a corp (WeCom) and not of an official account. */
export function isCorpId(id: string): boolean {
  return id.startsWith('ww');
}

/** Creates an account that has not been used yet. */
export function newAccount({ appId, secret }: SandboxAccount, dailyQuota: number): OfficialAccount {
  return {
    ...DEFAULT_SETTINGS,
    appId,
    secret,
    dailyQuota,
    fetches: UNUSED,
    classic: NO_TOKENS,
    stable: UNUSED_STABLE,
    jsapi: undefined,
    wxCard: undefined,
  };
}

/** Creates a corp without apps. */
export function newCorp(corpId: string): Corp {
  return { ...DEFAULT_SETTINGS, corpId, apps: [], jsapi: undefined, ticketCalls: UNUSED };
}

/** Creates an app of a corp that has not been used yet. */
export function newCorpApp(secret: string): CorpApp {
  return { secret, fetches: UNUSED, token: undefined, agentTicket: undefined, ticketCalls: UNUSED };
}

/** Returns the corp with the app at an index replaced. */
export function replaceApp(corp: Corp, position: number, app: CorpApp): Corp {
  return { ...corp, apps: corp.apps.map((other, at) => (at === position ? app : other)) };
}

/** Whether an entry of a whitelist is an IP address or a CIDR range. */
export function isAddressRange(entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}

/** Whether a whitelist admits an address; null admits every address. */
export function admits(whitelist: readonly string[] | null, ip: string): boolean {
  if (whitelist === null) return true;
  const list = new BlockList();
  for (const entry of whitelist) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');
}
