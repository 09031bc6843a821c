import type { FetchedConfig } from '../config/config.ts';
import type { ObtainedCode } from '../core/permanent-code.ts';
import type { PermanentCodeStore, Provider } from '../core/ports.ts';
import type { Reporter } from '../loop/cell.ts';
import type { CodedParty } from './code-desk.ts';
import type { ServedSuite } from './joined.ts';
import type { Stores } from './stores.ts';
import type { Served } from './unit.ts';

/** Keeps a permanent code that has been got now, and goes on trying until it is durable. @throws when it is to end before that */
export type KeepPermanentCode = (
  suite: ServedSuite,
  code: ObtainedCode & { readonly mark: string },
  signal: AbortSignal,
) => Promise<void>;

export interface SuitePartyOptions {
  readonly stores: Pick<Stores, 'open'>;
  readonly keepPermanentCode: KeepPermanentCode;
  readonly report: Reporter;
}

/**
 * A suite that is pushed codes of corps, each of which brings a permanent code. No account of the daemon exchanges them in a
 * fetch, so it is done under a lock of its own, one after the other: a fetch of the suite's token waits for none of them.
 */
export function suiteParty(
  { codes, permanentCodes, units: [unit] }: Served,
  { name, type, appId }: FetchedConfig,
  obtain: NonNullable<Provider['obtainPermanentCode']>,
  { stores, keepPermanentCode, report }: SuitePartyOptions,
): CodedParty[] {
  if (!unit || !codes || !permanentCodes) return [];
  const suite = { unit, ...permanentCodes };
  return [
    {
      ...{ unit, codes, isIrreplaceable: true },
      accountsOf: () => [],
      open() {
        const account = `${unit.account}/permanent-codes`;
        const store = stores.open(account, { name, type, appId, kind: 'token' });
        return {
          lock: (purpose) => store.lock(purpose),
          isExchanged: (mark) => isKept(suite.store, mark),
        };
      },
      async exchange({ mark, ...request }) {
        await suite.store.checkRoom();
        const obtained = await obtain(request);
        if (obtained === 'used') return 'used';
        return (signal) => keepPermanentCode(suite, { ...obtained, mark }, signal);
      },
      async ended(outcome, { mark }) {
        const corpId =
          outcome === 'exchanged'
            ? (await keptBy(suite.store, mark).catch(() => undefined))?.corpId
            : undefined;
        report(unit, { type: 'permanent-code', outcome, ...(corpId !== undefined && { corpId }) });
      },
    },
  ];
}

async function keptBy(store: Pick<PermanentCodeStore, 'read'>, mark: string) {
  return (await store.read()).find((code) => code.mark === mark);
}

async function isKept(store: Pick<PermanentCodeStore, 'read'>, mark: string): Promise<boolean> {
  return (await keptBy(store, mark)) !== undefined;
}
