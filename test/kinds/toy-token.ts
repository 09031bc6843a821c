import { MINUTE } from '../../src/core/time.ts';
import { credentialKind } from '../../src/providers/kind.ts';
import { OFFICIAL } from '../../src/providers/official.ts';
import { fetched, probeToken } from '../../src/providers/platform.ts';
import { key } from '../../src/schema/blocks.ts';
import { Duration } from '../../src/schema/values.ts';

/** A type of credential that nothing but this file knows: an id and a window with names of their own. */
export const toyToken = credentialKind({
  ...OFFICIAL,
  type: 'toy-token',
  summary: 'a token for play',
  id: { key: 'toyId', label: 'toy id', description: 'Whose toy it is.' },
  tickets: [],
  perSecret: false,
  options: { toyWindow: key(Duration, 'How long before its end a toy-token is replaced.') },
  timing: 'toyWindow',
  warnings: ({ toyWindow }) =>
    toyWindow === undefined
      ? [{ en: 'a toy-token without a toyWindow', zh: '没有 toyWindow 的 toy-token' }]
      : [],
  policy: ({ toyWindow = MINUTE }, { budget }) => ({
    destructive: false,
    window: toyWindow,
    needsToken: false,
    windowShrinks: true,
    spread: 0,
    overlap: 0,
    budget,
    manual: 'forced',
    refusalForces: false,
  }),
  calls: {
    async fetch({ appId, secret, platform }, { forced, signal, permit }) {
      const body = {
        grant_type: 'client_credential',
        appid: appId,
        secret: (await secret()).reveal(),
        force_refresh: forced,
      };
      const path = '/cgi-bin/stable_token';
      const call = { method: 'POST', path, endpoint: 'token', body, repeatable: !forced } as const;
      return fetched(await platform.call({ ...call, signal, permit }), 'access_token');
    },
    probe: ({ platform }, token, signal) => probeToken('official', platform, token, signal),
  },
});
