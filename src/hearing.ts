import { sha256 } from './coordination/record-codec.ts';
import type { Request } from './coordination/secret-requests.ts';
import type { Reconciler } from './reconciler.ts';

/** Takes what another daemon has left for the one that refreshes for all as if it had been asked of this one. */
export function hearing(reconciler: Pick<Reconciler, 'refreshFor' | 'refuse'>) {
  return (account: string, { refresh, refused }: Request): void => {
    if (refresh) reconciler.refreshFor(account, refresh);
    if (refused !== undefined) reconciler.refuse((value) => sha256(value.reveal()) === refused);
  };
}
