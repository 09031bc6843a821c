import type { Corp, CorpApp, OfficialAccount } from './accounts.ts';
import { type Family, type PlatformRequest, type Refusal, refuse, text } from './protocol.ts';
import { isLive } from './tokens.ts';
import { letsIn } from './whitelist.ts';
import type { World } from './world.ts';

/** Who calls with an access token. */
export type Bearer =
  | { readonly kind: 'official'; readonly account: OfficialAccount }
  | { readonly kind: 'wecom'; readonly corp: Corp; readonly app: CorpApp; readonly position: number };

const WELL_FORMED = /^[\w-]{16,512}$/;

/**
 * Checks the access token of a call. `family` words the refusal of a token that neither platform knows. Official
 * accounts: 40001 for an unknown or replaced token, 42001 for one that ended of age; WeCom says 40014 for 40001.
 * The whitelist of an official account is not asked: for mini programs it binds the calls that take the secret.
 */
export function authorize(
  world: World,
  request: PlatformRequest,
  now: number,
  family: Family,
): Bearer | Refusal {
  const value = text(request.query['access_token']);
  if (!value) return refuse(family, 41001);
  if (!WELL_FORMED.test(value)) return refuse(family, 40014);
  const issued = world.issued.find(value);
  if (!issued) return refuse(family, unknownToken(family));
  if (issued.kind === 'wecom') {
    const corp = world.corps.get(issued.corpId);
    const app = corp?.apps[issued.app];
    if (!corp || !app) return refuse('wecom', unknownToken('wecom'));
    if (now >= issued.endsAt) return refuse('wecom', 42001);
    if (app.token?.value !== value) return refuse('wecom', unknownToken('wecom'));
    if (corp.apiBanned) return refuse('wecom', 48004);
    if (!letsIn(corp.whitelist, request.ip)) return refuse('wecom', 60020);
    return { kind: 'wecom', corp, app, position: issued.app };
  }
  const account = world.accounts.get(issued.appId);
  if (!account) return refuse('official', unknownToken('official'));
  if (now >= issued.endsAt) return refuse('official', 42001);
  const pair = issued.kind === 'classic' ? account.classic : account.stable.pair;
  if (!isLive(pair, value, now)) return refuse('official', unknownToken('official'));
  if (account.apiBanned) return refuse('official', 48004);
  return { kind: 'official', account };
}

function unknownToken(family: Family): number {
  return family === 'wecom' ? 40014 : 40001;
}
