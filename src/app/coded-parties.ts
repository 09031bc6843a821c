import { tokenAccount } from '../codec/account.ts';
import { isFetched } from '../config/config.ts';
import { listedName } from '../core/listing.ts';
import { credentialKinds, ownerOf } from '../providers/index.ts';
import type { CodedParty } from './code-desk.ts';
import type { Stores } from './stores.ts';
import type { Served } from './unit.ts';

/** The third parties that are pushed codes, and the accounts that are served of each. */
export function codedParties(
  served: ReadonlyMap<string, Served>,
  stores: Pick<Stores, 'open'>,
): CodedParty[] {
  const all = [...served.values()];
  return all.flatMap(({ credential, codes, units: [unit] }) => {
    const exchange = unit?.provider.exchangeCode;
    if (!codes || !exchange || !isFetched(credential)) return [];
    const { type: partyType, appId: party, platform, name: partyName } = credential;
    const kind = credentialKinds.find(({ via }) => via === partyType);
    if (!kind) return [];
    const open = (subject: string) => {
      const { type } = kind;
      const owner = ownerOf({ type, appId: subject, via: { appId: party } });
      const of = { name: listedName(partyName, subject), type, appId: subject, kind: 'token' };
      return stores.open(tokenAccount(platform.id, type, owner), of);
    };
    const accountsOf = (subject: string) =>
      all.flatMap(({ credential: one, units: [its] }) =>
        isFetched(one) && one.via?.name === credential.name && one.appId === subject && its
          ? [its.account]
          : [],
      );
    return [{ unit, codes, exchange, open, accountsOf: (subject) => [...new Set(accountsOf(subject))] }];
  });
}
