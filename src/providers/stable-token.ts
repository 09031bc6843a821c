import * as v from 'valibot';
import { HOUR, MINUTE, SECOND } from '../core/time.ts';
import { key, preset } from '../schema/blocks.ts';
import { say } from '../schema/message.ts';
import { Duration, Flag } from '../schema/values.ts';
import { APP_ID, credentialKind } from './kind.ts';
import { OFFICIAL } from './official.ts';
import { fetched, probeToken } from './platform.ts';

/**
 * Rotation window, in ms. WeChat returns the next token in the last five minutes of the current one
 * (docs/wechat-facts.md, Lives and rotation).
 */
const WINDOW = 5 * MINUTE;

/**
 * Interval, in ms, at which pods that share nothing fetch again, to learn of a forced rotation elsewhere. WeChat
 * recommends this interval (docs/wechat-facts.md, Lives and rotation).
 */
const RECHECK = 5 * MINUTE;

/** Lifetime of a token, in ms. WeChat reserves the right to shorten it (docs/wechat-facts.md, Lives and rotation). */
const LIFE = 2 * HOUR;

const options = {
  rotationWindow: key(
    v.pipe(Duration, v.metadata({ default: '5m' })),
    'How long before its end a stable-token is replaced.',
  ),
  recheck: key(
    v.union(
      [v.literal('off'), Duration],
      say({
        en: 'must be a duration with a unit, like 5m, or off',
        zh: '必须是带单位的时长，如 5m，或者 off',
      }),
    ),
    'Ask for a stable-token again so often, to learn of a rotation made elsewhere; off: never. Default: 5m in Kubernetes without a stateDir of its own and without cluster, off elsewhere.',
  ),
  allowForce: preset(
    Flag,
    'Whether a stable-token that readers and the platform call dead may be forced; the old one dies at once.',
    false,
  ),
};

/**
 * The stable token. While it is alive, every call returns the same token with its remaining lifetime in seconds.
 * Within the last five minutes the platform returns the next token, and both work until the old one expires. A forced
 * call replaces the token at once, and the old one dies. See docs/wechat-facts.md, Lives and rotation.
 */
export const stableToken = credentialKind({
  ...OFFICIAL,
  type: 'stable-token',
  summary: 'safe beside other callers',
  id: APP_ID,
  perSecret: false,
  options,
  timing: 'rotationWindow',
  warnings({ rotationWindow = WINDOW }) {
    if (rotationWindow < LIFE) return [];
    return [
      {
        en:
          'WXTOKEN_ROTATION_WINDOW (rotationWindow) is not shorter than the 2 h that a token lives: it is asked for ' +
          'again and again, though WeChat hands out the next one only in the last 5 min; 5m is usual',
        zh:
          'WXTOKEN_ROTATION_WINDOW（rotationWindow）不短于 token 的 2 小时有效期：程序会一再询问，' +
          '而微信只在最后 5 分钟才给出下一个；通常用 5m',
      },
    ];
  },
  policy({ rotationWindow = WINDOW, recheck, allowForce }, { budget, coordinated }) {
    const again = recheck ?? (coordinated ? 'off' : RECHECK);
    return {
      destructive: false,
      window: rotationWindow,
      needsToken: false,
      windowShrinks: false,
      spread: 30 * SECOND,
      overlap: 5 * MINUTE,
      budget,
      manual: coordinated ? 'forced' : 'uncoordinated',
      refusalForces: allowForce,
      ...(again !== 'off' && { recheck: again }),
    };
  },
  calls: {
    async fetch({ appId, secret, platform }, { forced, signal, permit }) {
      const answer = await platform.call({
        method: 'POST',
        path: '/cgi-bin/stable_token',
        endpoint: 'token',
        body: {
          grant_type: 'client_credential',
          appid: appId,
          secret: (await secret()).reveal(),
          force_refresh: forced,
        },
        repeatable: !forced,
        signal,
        permit,
      });
      return fetched(answer, 'access_token');
    },
    probe: ({ platform }, token, signal) => probeToken('official', platform, token, signal),
  },
});
