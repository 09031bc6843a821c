import { admits, type OfficialAccount } from './accounts.ts';
import { replaceToken } from './classic.ts';
import { chinaDay, countIn, usedIn } from './counter.ts';
import { bodyParametersOf, isRefusal, parametersOf, type Refusal, refuse, text } from './protocol.ts';
import { fetchStable } from './stable.ts';
import { newToken, secondsLeft, type Token } from './tokens.ts';
import type { Call, World } from './world.ts';

/** `/cgi-bin/token`. It assumes that only calls that issue a token count towards the daily quota. */
export const fetchClassicToken: Call = (world, request, now) => {
  const parameters = parametersOf(request);
  if (!parameters) return refuse('official', 47001);
  const account = authenticate(world, parameters, request.ip);
  if (isRefusal(account)) return account;
  const day = chinaDay(now);
  if (usedIn(account.fetches, day) >= account.dailyQuota) return refuse('official', 45009);

  const { tokenTtl, overlap } = world.rules;
  const token = newToken(world.mint.token(), now, tokenTtl);
  world.accounts.set(account.appId, {
    ...account,
    fetches: countIn(account.fetches, day),
    classic: replaceToken(account.classic, token, now, overlap),
  });
  world.issued.add(token.value, { kind: 'classic', appId: account.appId, endsAt: token.endsAt }, now);
  return tokenGrant(token, now);
};

/** `/cgi-bin/stable_token`, which takes its parameters as a JSON body. */
export const fetchStableToken: Call = (world, request, now) => {
  if (request.body === '') return refuse('official', 44002);
  const parameters = bodyParametersOf(request);
  if (!parameters) return refuse('official', 47001);
  const account = authenticate(world, parameters, request.ip);
  if (isRefusal(account)) return account;

  const { tokenTtl, rotationWindow } = world.rules;
  const fetched = fetchStable(account.stable, {
    force: parameters['force_refresh'] === true,
    now,
    rotationWindow,
    mint: () => newToken(world.mint.token(), now, tokenTtl),
  });
  if (isRefusal(fetched)) return fetched;
  const { state, token } = fetched;
  world.accounts.set(account.appId, { ...account, stable: state });
  world.issued.add(token.value, { kind: 'stable', appId: account.appId, endsAt: token.endsAt }, now);
  return tokenGrant(token, now);
};

/** On success these endpoints send no errcode (docs/wechat-facts.md, "Form of answers"). */
function tokenGrant(token: Token, now: number) {
  return { body: { access_token: token.value, expires_in: secondsLeft(token, now) }, token: token.value };
}

/**
 * Performs the checks of both token endpoints in the platform's order. Recorded probes show that the appid is
 * checked before grant_type; the rest of the order is an assumption.
 */
function authenticate(
  { accounts }: World,
  parameters: Readonly<Record<string, unknown>>,
  ip: string,
): OfficialAccount | Refusal {
  const appId = text(parameters['appid']);
  const secret = text(parameters['secret']);
  if (!appId) return refuse('official', 41002);
  const account = accounts.get(appId);
  if (!account) return refuse('official', 40013);
  if (!secret) return refuse('official', 41004);
  if (secret !== account.secret) return refuse('official', 40125);
  if (parameters['grant_type'] !== 'client_credential') return refuse('official', 40002);
  if (account.frozen) return refuse('official', 40243);
  if (account.apiBanned) return refuse('official', 50004);
  if (!admits(account.whitelist, ip)) return refuse('official', 40164);
  return account;
}
