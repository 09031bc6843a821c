import * as v from 'valibot';
import { HOUR, MINUTE, SECOND } from '../core/time.ts';
import { key, preset } from '../schema/blocks.ts';
import { Duration, Flag } from '../schema/values.ts';
import { APP_ID, credentialKind } from './kind.ts';
import { OFFICIAL } from './official.ts';
import { fetched, probeToken } from './platform.ts';

const AHEAD = 10 * MINUTE;

/** Lifetime of a token, in ms. WeChat reserves the right to shorten it (docs/wechat-facts.md, Lives and rotation). */
const LIFE = 2 * HOUR;

const options = {
  ahead: key(
    v.pipe(Duration, v.metadata({ default: '10m' })),
    'How long before its end an access-token is replaced.',
  ),
  allowUncoordinated: preset(
    Flag,
    'Allows an access-token in Kubernetes without cluster and a shared stateDir: only where no other pod will ever fetch.',
    false,
  ),
};

/**
 * The classic token. Every fetch creates a new token; the previous one works for about five more minutes, and the one
 * before that dies at once. A fetch whose answer is lost has rotated the token all the same, so no request is ever
 * repeated blindly. See docs/wechat-facts.md, Lives and rotation.
 */
export const accessToken = credentialKind({
  ...OFFICIAL,
  type: 'access-token',
  summary: 'the classic endpoint, where every fetch kills the token before',
  id: APP_ID,
  perSecret: false,
  options,
  timing: 'ahead',
  /** Rejects pods without shared state: each of them would fetch for itself. */
  problem({ allowUncoordinated }, { coordinated }, labels, at) {
    if (coordinated || allowUncoordinated) return undefined;
    const [cluster, stateDir] = [labels.name(['cluster']), labels.name(['stateDir'])];
    const allowed = labels.setting([...at, 'allowUncoordinated'], 'true');
    return {
      en:
        'access-token in Kubernetes needs one refresher for all pods, since every fetch kills the token before: ' +
        `use stable-token, or elect one in ${cluster}, or name a shared folder in ${stateDir}, ` +
        `or set ${allowed} if this is the only pod that will ever fetch`,
      zh:
        'Kubernetes 里的 access-token 需要所有 pod 共用一个刷新者，因为每次获取都会使之前的 token 失效：' +
        `改用 stable-token，或在 ${cluster} 里选出一个，或在 ${stateDir} 里写一个共享目录；` +
        `如果只有这一个 pod 会获取，就设置 ${allowed}`,
    };
  },
  warnings({ ahead = AHEAD }) {
    if (ahead < LIFE) return [];
    return [
      {
        en:
          'WXTOKEN_AHEAD (ahead) is not shorter than the 2 h that a token lives: it counts as a third of the life; ' +
          '10m is usual',
        zh: 'WXTOKEN_AHEAD（ahead）不短于 token 的 2 小时有效期：按有效期的三分之一计；通常用 10m',
      },
    ];
  },
  policy: ({ ahead = AHEAD }, { budget }) => ({
    destructive: true,
    window: ahead,
    needsToken: false,
    windowShrinks: true,
    spread: 54 * SECOND,
    overlap: 5 * MINUTE,
    budget,
    manual: 'ordinary',
    refusalForces: false,
  }),
  calls: {
    async fetch({ appId, secret, platform }, { signal, permit }) {
      const answer = await platform.call({
        method: 'GET',
        path: '/cgi-bin/token',
        endpoint: 'token',
        query: { grant_type: 'client_credential', appid: appId, secret: (await secret()).reveal() },
        repeatable: false,
        signal,
        permit,
      });
      return fetched(answer, 'access_token');
    },
    probe: ({ platform }, token, signal) => probeToken('official', platform, token, signal),
  },
});
