import { MINUTE } from '../../core/time.ts';
import { bodyParametersOf, refuse, text } from '../protocol.ts';
import { newToken, secondsLeft, type TokenPair } from '../tokens.ts';
import type { Call } from '../world.ts';

/** A QQ bot. */
export interface Bot {
  readonly appId: string;
  readonly secret: string;
  readonly pair: TokenPair;
}

/**
 * How long before its end a token is replaced, while the old one works on to its end
 * (https://bot.q.qq.com/wiki/develop/api-v2/dev-prepare/interface-framework/api-use.html).
 */
const ROTATION_WINDOW = MINUTE;

/**
 * `/app/getAppAccessToken` of bots.qq.com. `expires_in` is a string. The error codes of this endpoint are not
 * published: those used here are an assumption.
 */
export const fetchBotToken: Call = (world, request, now) => {
  const parameters = bodyParametersOf(request);
  if (!parameters) return refuse('qq', 100_001);
  const bot = world.thirdParties.bots.get(text(parameters['appId']) ?? '');
  if (!bot) return refuse('qq', 100_016);
  if (parameters['clientSecret'] !== bot.secret) return refuse('qq', 100_007);

  const { newest } = bot.pair;
  const window = Math.min(ROTATION_WINDOW, world.rules.rotationWindow);
  const isKept = newest !== undefined && newest.endsAt - now > window;
  const token = isKept ? newest : newToken(world.mint.token(), now, world.rules.tokenTtl);
  if (!isKept) {
    world.thirdParties.bots.set(bot.appId, { ...bot, pair: { newest: token, previous: newest } });
    world.issued.add(token.value, { kind: 'bot', appId: bot.appId, endsAt: token.endsAt }, now);
  }
  const body = { access_token: token.value, expires_in: String(secondsLeft(token, now)) };
  return { body, token: token.value };
};
