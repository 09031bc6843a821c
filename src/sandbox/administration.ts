import {
  type Corp,
  isCorpId,
  newAccount,
  newCorp,
  newCorpApp,
  type OfficialAccount,
  type SandboxAccount,
} from './accounts.ts';
import { chinaDay, usedIn } from './counter.ts';
import { NO_TOKENS } from './tokens.ts';
import type { World } from './world.ts';

/** Changes to an account; absent fields stay as they are. */
export interface AccountPatch {
  readonly secret?: string | undefined;
  readonly frozen?: boolean | undefined;
  readonly apiBanned?: boolean | undefined;
  readonly whitelist?: readonly string[] | null | undefined;
  readonly dailyQuota?: number | undefined;
  /**
   * Whether to end every token of the account now, as WeCom says may happen (docs/wechat-facts.md, "WeCom tokens");
   * tickets live on.
   */
  readonly killTokens?: boolean | undefined;
}

/**
 * Adds an account.
 * @returns false if it exists already: the same appid, or the same secret of a corp
 */
export function addAccount({ accounts, corps, rules }: World, account: SandboxAccount): boolean {
  const { appId, secret } = account;
  if (isCorpId(appId)) {
    const corp = corps.get(appId) ?? newCorp(appId);
    if (corp.apps.some((app) => app.secret === secret)) return false;
    corps.set(appId, { ...corp, apps: [...corp.apps, newCorpApp(secret)] });
    return true;
  }
  if (accounts.has(appId)) return false;
  accounts.set(appId, newAccount(account, rules.dailyQuota));
  return true;
}

/**
 * Changes an account. Live tokens survive a reset of the secret, which is an assumption (docs/wechat-facts.md,
 * "Lives and rotation").
 * @returns undefined on success, otherwise the reason for refusing the change
 */
export function patchAccount(
  { accounts, corps }: World,
  appId: string,
  patch: AccountPatch,
): string | undefined {
  const account = accounts.get(appId);
  if (account) {
    accounts.set(appId, patchedOfficial(account, patch));
    return undefined;
  }
  const corp = corps.get(appId);
  if (!corp) return `no account ${appId}`;
  if (patch.dailyQuota !== undefined) return 'dailyQuota: a corp has no daily quota';
  if (patch.secret !== undefined && corp.apps.length > 1)
    return 'secret: a corp of several secrets has no such thing';
  corps.set(appId, patchedCorp(corp, patch));
  return undefined;
}

/**
 * Lists the counters and switches of an account, without its secret; undefined for an unknown account.
 * @param now epoch ms
 */
export function describeAccount({ accounts, corps }: World, appId: string, now: number) {
  const day = chinaDay(now);
  const account = accounts.get(appId);
  if (account) {
    const { frozen, apiBanned, whitelist, dailyQuota, fetches, stable } = account;
    return {
      ...{ appId, frozen, apiBanned, whitelist, dailyQuota },
      fetchesToday: usedIn(fetches, day),
      stableToday: usedIn(stable.day, day),
      forcedToday: usedIn(stable.forced, day),
    };
  }
  const corp = corps.get(appId);
  if (!corp) return undefined;
  const { frozen, apiBanned, whitelist } = corp;
  const fetchesToday = corp.apps.reduce((sum, app) => sum + usedIn(app.fetches, day), 0);
  return { appId, frozen, apiBanned, whitelist, fetchesToday };
}

function patchedOfficial(account: OfficialAccount, patch: AccountPatch): OfficialAccount {
  const stable = patch.killTokens ? { ...account.stable, pair: NO_TOKENS } : account.stable;
  return {
    ...account,
    ...patchedSettings(account, patch),
    secret: patch.secret ?? account.secret,
    dailyQuota: patch.dailyQuota ?? account.dailyQuota,
    classic: patch.killTokens ? NO_TOKENS : account.classic,
    stable,
  };
}

function patchedCorp(corp: Corp, patch: AccountPatch): Corp {
  const apps = corp.apps.map((app) => ({
    ...app,
    secret: patch.secret ?? app.secret,
    token: patch.killTokens ? undefined : app.token,
  }));
  return { ...corp, ...patchedSettings(corp, patch), apps };
}

function patchedSettings(old: OfficialAccount | Corp, patch: AccountPatch) {
  return {
    frozen: patch.frozen ?? old.frozen,
    apiBanned: patch.apiBanned ?? old.apiBanned,
    whitelist: patch.whitelist === undefined ? old.whitelist : patch.whitelist,
  };
}
