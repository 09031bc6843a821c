import { MINUTE } from '../../core/time.ts';
import { chinaDay, usedIn } from '../counter.ts';
import { NO_TOKENS } from '../tokens.ts';
import type { World } from '../world.ts';
import { notify } from './notify.ts';
import { type PushedTicket, withTicket } from './pushed-ticket.ts';
import { newProvider, newSuite, newSuiteCorp, suiteCorpKey } from './suite.ts';

/** Changes to a provider, a suite or a bot; absent fields stay as they are. */
export interface SecretPatch {
  readonly secret?: string | undefined;
  readonly killTokens?: boolean | undefined;
}

export interface ProviderPatch extends SecretPatch {
  readonly whitelist?: readonly string[] | null | undefined;
}

export interface SuitePatch extends SecretPatch {
  /** Whether tickets are pushed. */
  readonly pushing?: boolean | undefined;
}

export interface SuiteCorpPatch {
  readonly killTokens?: boolean | undefined;
  /** Whether to replace the permanent code, as a corp does for an app that its provider has built for it. */
  readonly resetPermanentCode?: boolean | undefined;
}

const CODE_LIFE = 10 * MINUTE;

/** @returns false if it exists already */
export function addProvider({ thirdParties }: World, corpId: string, secret: string): boolean {
  if (thirdParties.providers.has(corpId)) return false;
  thirdParties.providers.set(corpId, newProvider(corpId, secret));
  return true;
}

export function patchProvider({ thirdParties }: World, corpId: string, patch: ProviderPatch): void {
  const provider = thirdParties.providers.get(corpId);
  if (!provider) return;
  thirdParties.providers.set(corpId, {
    ...provider,
    secret: patch.secret ?? provider.secret,
    whitelist: patch.whitelist === undefined ? provider.whitelist : patch.whitelist,
    token: patch.killTokens ? undefined : provider.token,
  });
}

export function describeProvider({ thirdParties }: World, corpId: string) {
  const provider = thirdParties.providers.get(corpId);
  return provider && { corpId, whitelist: provider.whitelist };
}

/** @returns false if it exists already */
export function addSuite(
  { thirdParties }: World,
  suiteId: string,
  secret: string,
  provider: string,
): boolean {
  if (thirdParties.suites.has(suiteId)) return false;
  thirdParties.suites.set(suiteId, newSuite(suiteId, secret, provider));
  return true;
}

export function patchSuite({ thirdParties }: World, suiteId: string, patch: SuitePatch): void {
  const suite = thirdParties.suites.get(suiteId);
  if (!suite) return;
  thirdParties.suites.set(suiteId, {
    ...suite,
    secret: patch.secret ?? suite.secret,
    isPushing: patch.pushing ?? suite.isPushing,
    token: patch.killTokens ? undefined : suite.token,
  });
}

export function describeSuite({ thirdParties }: World, suiteId: string) {
  const suite = thirdParties.suites.get(suiteId);
  return suite && { suiteId, provider: suite.provider, pushing: suite.isPushing };
}

/** Makes the suite's next ticket, which is pushed to its receiver if it has one. */
export function issueSuiteTicket(world: World, suiteId: string, now: number): PushedTicket | undefined {
  const { suites } = world.thirdParties;
  const suite = suites.get(suiteId);
  if (!suite) return undefined;
  const ticket = { value: world.mint.suiteTicket(), createdAt: now };
  suites.set(suiteId, { ...suite, tickets: withTicket(suite.tickets, ticket) });
  notify(world, {
    receiver: { kind: 'suite', id: suiteId },
    infoType: 'suite_ticket',
    at: now,
    fields: [['SuiteTicket', ticket.value]],
  });
  return ticket;
}

/**
 * Lets a corp install a suite. A second installation brings another permanent code, which is an assumption.
 * @returns the code to exchange for the permanent code, and that one
 */
export function installSuite(
  world: World,
  suiteId: string,
  corpId: string,
  now: number,
): { readonly authCode: string; readonly permanentCode: string } {
  const permanentCode = world.mint.permanentCode();
  const corp = newSuiteCorp(suiteId, corpId, permanentCode);
  world.thirdParties.suiteCorps.set(suiteCorpKey(suiteId, corpId), corp);
  return { authCode: announceCode(world, 'create_auth', suiteId, corpId, now), permanentCode };
}

export function patchSuiteCorp(
  world: World,
  suiteId: string,
  corpId: string,
  patch: SuiteCorpPatch,
  now: number,
): void {
  const { suiteCorps } = world.thirdParties;
  const key = suiteCorpKey(suiteId, corpId);
  const corp = suiteCorps.get(key);
  if (!corp) return;
  const isReset = patch.resetPermanentCode === true;
  suiteCorps.set(key, {
    ...corp,
    permanentCode: isReset ? world.mint.permanentCode() : corp.permanentCode,
    token: patch.killTokens || isReset ? undefined : corp.token,
  });
  if (isReset) announceCode(world, 'reset_permanent_code', suiteId, corpId, now);
}

/** Lets a corp cancel its authorisation, which ends its token at once. */
export function cancelSuite(world: World, suiteId: string, corpId: string, now: number): void {
  const { suiteCorps } = world.thirdParties;
  const key = suiteCorpKey(suiteId, corpId);
  const corp = suiteCorps.get(key);
  if (!corp) return;
  suiteCorps.set(key, { ...corp, isRevoked: true, token: undefined });
  notify(world, {
    receiver: { kind: 'suite', id: suiteId },
    infoType: 'cancel_auth',
    at: now,
    fields: [['AuthCorpId', corpId]],
  });
}

export function describeSuiteCorpState(
  { thirdParties }: World,
  suiteId: string,
  corpId: string,
  now: number,
) {
  const corp = thirdParties.suiteCorps.get(suiteCorpKey(suiteId, corpId));
  if (!corp) return undefined;
  return { corpId, revoked: corp.isRevoked, fetchesToday: usedIn(corp.fetches, chinaDay(now)) };
}

/** @returns false if it exists already */
export function addBot({ thirdParties }: World, appId: string, secret: string): boolean {
  if (thirdParties.bots.has(appId)) return false;
  thirdParties.bots.set(appId, { appId, secret, pair: NO_TOKENS });
  return true;
}

export function patchBot({ thirdParties }: World, appId: string, patch: SecretPatch): void {
  const bot = thirdParties.bots.get(appId);
  if (!bot) return;
  const pair = patch.killTokens ? NO_TOKENS : bot.pair;
  thirdParties.bots.set(appId, { ...bot, secret: patch.secret ?? bot.secret, pair });
}

function announceCode(
  world: World,
  infoType: 'create_auth' | 'reset_permanent_code',
  suiteId: string,
  corpId: string,
  now: number,
): string {
  const code = world.mint.authorizationCode();
  const suiteCorp = suiteCorpKey(suiteId, corpId);
  world.thirdParties.suiteCodes.set(code, { suiteCorp, endsAt: now + CODE_LIFE, isUsed: false });
  notify(world, {
    receiver: { kind: 'suite', id: suiteId },
    infoType,
    at: now,
    fields: [['AuthCode', code]],
  });
  return code;
}
