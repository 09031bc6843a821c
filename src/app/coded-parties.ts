import { tokenAccount } from '../codec/account.ts';
import { type FetchedConfig, isFetched } from '../config/config.ts';
import { listedName } from '../core/listing.ts';
import type { Provider } from '../core/ports.ts';
import type { Reporter } from '../loop/cell.ts';
import { credentialKinds, ownerOf } from '../providers/index.ts';
import type { CodedParty } from './code-desk.ts';
import type { Stores } from './stores.ts';
import { type KeepPermanentCode, suiteParty } from './suite-codes.ts';
import type { Served } from './unit.ts';

export interface CodedPartiesOptions {
  readonly stores: Pick<Stores, 'open'>;
  /** Has the lists of a third party read again: the platform lists an account with its refresh token now. */
  readonly relist: (party: string) => Promise<void>;
  readonly keepPermanentCode: KeepPermanentCode;
  readonly report: Reporter;
}

/** The third parties that are pushed codes, and the accounts that are served of each. */
export function codedParties(
  served: ReadonlyMap<string, Served>,
  options: CodedPartiesOptions,
): CodedParty[] {
  const all = [...served.values()];
  return all.flatMap((one) => {
    const { credential } = one;
    const { exchangeCode, obtainPermanentCode } = one.units[0]?.provider ?? {};
    if (!isFetched(credential)) return [];
    if (exchangeCode) return componentParty(one, credential, exchangeCode, all, options);
    return obtainPermanentCode ? suiteParty(one, credential, obtainPermanentCode, options) : [];
  });
}

function componentParty(
  { codes, units: [unit] }: Served,
  { type: partyType, appId: party, platform, name: partyName }: FetchedConfig,
  exchange: NonNullable<Provider['exchangeCode']>,
  all: readonly Served[],
  { stores, relist, report }: CodedPartiesOptions,
): CodedParty[] {
  const kind = credentialKinds.find(({ via }) => via === partyType);
  if (!unit || !codes || !kind) return [];

  function open(subject: string) {
    const { type } = kind ?? { type: '' };
    const owner = ownerOf({ type, appId: subject, via: { appId: party } });
    const of = { name: listedName(partyName, subject), type, appId: subject, kind: 'token' };
    return stores.open(tokenAccount(platform.id, type, owner), of);
  }

  const accountsOf = (subject: string | undefined) =>
    all.flatMap(({ credential: one, units: [its] }) =>
      isFetched(one) && one.via?.name === partyName && one.appId === subject && its ? [its.account] : [],
    );
  return [
    {
      ...{ unit, codes, exchange },
      accountsOf: (subject) => [...new Set(accountsOf(subject))],
      open({ subject = '' }) {
        const store = open(subject);
        return {
          lock: (purpose) => store.lock(purpose),
          isExchanged: async (mark) => (await store.read())?.grant?.exchanged === mark,
        };
      },
      async ended(outcome, { subject = '' }) {
        report(unit, { type: 'unserved-code', outcome, appId: subject });
        await relist(partyName);
      },
    },
  ];
}
