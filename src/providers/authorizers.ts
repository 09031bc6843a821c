import { sha256 } from '../codec/encoding.ts';
import { Secret } from '../core/secret.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../core/time.ts';
import { readAccounts } from './authorizer-list.ts';
import type { ManyKind } from './kind.ts';

/** How long a list counts, seconds: it is read again before that, once a day. */
const LIST_LIFE = DAY / SECOND;

/** How long a list counts that changed while it was read, seconds. */
const PARTIAL_LIFE = HOUR / SECOND;

/**
 * As many accounts as have authorised a third-party platform. The platform lists them to whoever has its token; a push
 * tells of a change, but pushes get lost, and some authorisations are silent: so the list is read once a day as well. See
 * docs/wechat-facts.md, Third parties.
 */
export const authorizers: ManyKind = {
  type: 'authorizers',
  summary:
    'all accounts that have authorised the component that via names, each like an authorizer: they come and go by the ' +
    'list of the platform',
  // It becomes part of paths and keys, and may be none of the names that keys of tickets have.
  accountId: /^wx[0-9A-Za-z]{4,20}$/,
  policy: ({ budget, absence }) => ({
    absence,
    destructive: false,
    window: HOUR,
    needsToken: true,
    windowShrinks: true,
    spread: 30 * MINUTE,
    spreadShare: 0.5,
    overlap: 0,
    budget,
    manual: 'ordinary',
    refusalForces: false,
  }),
  calls: {
    async fetch({ platform, via }, { token, signal, permit }) {
      if (!via) throw new TypeError('accounts are listed to a component');
      const call = { platform, component: via.appId, token, signal, permit };
      // Accounts that come with this list find their refresh tokens in it.
      const { accounts, isComplete, ...date } = await readAccounts(via, 0, call);
      const ids = [...accounts.keys()].toSorted();
      return {
        value: new Secret(`accounts-${sha256(`${ids.join(' ')} ${date.platformDate ?? ''}`)}`),
        expiresIn: isComplete ? LIST_LIFE : PARTIAL_LIFE,
        listed: { ids: ids.filter((id) => authorizers.accountId.test(id)), isComplete },
        ...date,
      };
    },
    // What lists the accounts is no token that anybody could refuse.
    probe: async () => ({ works: true }),
  },
};
