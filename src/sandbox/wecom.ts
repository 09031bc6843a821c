import { type Corp, type CorpApp, replaceApp } from './accounts.ts';
import { countFailure, isBlocked } from './callers.ts';
import { chinaDay, countIn } from './counter.ts';
import { isRefusal, type PlatformRequest, type Refusal, refuse, text } from './protocol.ts';
import { fetchOfBuiltApp } from './third-parties/suite-calls.ts';
import { newToken, secondsLeft } from './tokens.ts';
import type { Call, World } from './world.ts';

/**
 * `/cgi-bin/gettoken`: it returns one token per corp and secret, the same until its end, with the remaining
 * seconds. Any address may call it, as was reported; the trusted addresses bind the calls made with the token
 * (docs/wechat-facts.md, "WeCom tokens" and "Who may call").
 */
export const fetchCorpToken: Call = (world, request, now) => {
  const caller = world.callers.get(request.ip);
  if (isBlocked(caller, now)) return refuse('wecom', 45009);
  const built = fetchOfBuiltApp(world, request, now);
  if (built) return built;
  const found = findApp(world, request);
  if (isRefusal(found)) {
    world.callers.set(request.ip, countFailure(caller, now));
    return found;
  }
  const { corp, app, position } = found;
  if (corp.frozen) return refuse('wecom', 50003);
  if (corp.apiBanned) return refuse('wecom', 48004);

  const live = app.token !== undefined && now < app.token.validUntil;
  const token = live ? app.token : newToken(world.mint.corpToken(), now, world.rules.tokenTtl);
  const fetches = countIn(app.fetches, chinaDay(now));
  world.corps.set(corp.corpId, replaceApp(corp, position, { ...app, token, fetches }));
  world.issued.add(
    token.value,
    { kind: 'wecom', corpId: corp.corpId, app: position, endsAt: token.endsAt },
    now,
  );
  const body = { errcode: 0, errmsg: 'ok', access_token: token.value, expires_in: secondsLeft(token, now) };
  return { body, token: token.value };
};

function findApp(
  { corps }: World,
  { query }: PlatformRequest,
): Refusal | { corp: Corp; app: CorpApp; position: number } {
  const corpId = text(query['corpid']);
  const secret = text(query['corpsecret']);
  if (!corpId) return refuse('wecom', 41002);
  if (!secret) return refuse('wecom', 41004);
  const corp = corps.get(corpId);
  if (!corp) return refuse('wecom', 40013);
  const position = corp.apps.findIndex((app) => app.secret === secret);
  const app = corp.apps[position];
  if (app) return { corp, app, position };
  const foreign = [...corps.values()].some(({ apps }) => apps.some((other) => other.secret === secret));
  return refuse('wecom', foreign ? 40091 : 40001);
}
