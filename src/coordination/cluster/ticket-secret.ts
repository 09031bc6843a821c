import { fromBase64, toBase64 } from '../../codec/encoding.ts';
import { decodePushedTicket, encodePushedTicket } from '../../codec/pushed-ticket.ts';
import type { Keys } from '../../codec/secret-layout.ts';
import type { TicketStore } from '../../core/ports.ts';
import { isNews, type PushedTicket } from '../../core/pushed-ticket.ts';
import type { Patch } from '../../kubernetes/client.ts';
import { compareAndSet } from '../../kubernetes/compare-and-set.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { objectLabel } from '../../kubernetes/resources.ts';
import type { SecretCache, StoredSecret } from './secret-cache.ts';
import type { Warn } from './secret-reader.ts';

export interface TicketSecretOptions {
  readonly account: string;
  /** The name of the credential. */
  readonly name: string;
  readonly keys: Pick<Keys, 'pushed'>;
  readonly cache: Pick<SecretCache, 'object' | 'now' | 'ready' | 'reread' | 'patch'>;
  readonly kubernetes: Pick<Kubernetes, 'inTurn'>;
  /** Called once for each reason why a kept ticket cannot be used; it then counts as absent. */
  readonly warn: Warn;
}

/** Attempts of one write: others write other keys of the Secret, and each of their writes is a conflict. */
const MOST_TRIES = 20;

/**
 * Keeps the newest pushed ticket of one account under a key of the cluster's Secret. Any daemon may write it, whoever
 * leads: the push may reach any of them. Its values are secret, so it is in `data` and never in an annotation.
 */
export function ticketSecret(options: TicketSecretOptions): TicketStore {
  const { account, name, keys, cache, kubernetes, warn } = options;
  let complained: string | undefined;

  function ticketIn(secret: StoredSecret | undefined): PushedTicket | undefined {
    const kept = secret?.data?.[keys.pushed];
    if (kept === undefined) return undefined;
    try {
      const ticket = decodePushedTicket(fromBase64(kept), account);
      complained = undefined;
      return ticket;
    } catch (error) {
      const { message } = error as Error;
      if (message !== complained)
        warn(`ignoring ${keys.pushed} of the ${objectLabel(cache.object)}: ${message}`, { credential: name });
      complained = message;
      return undefined;
    }
  }

  return {
    async read() {
      await cache.ready();
      return ticketIn(cache.now());
    },
    put: (ticket) =>
      kubernetes.inTurn(cache.object, () =>
        compareAndSet<StoredSecret, Patch, 'kept' | 'older'>({
          known: () => cache.now() ?? cache.reread(),
          reread: cache.reread,
          decide(secret) {
            const known = ticketIn(secret);
            if (known && !isNews(ticket, known))
              return { leave: ticket.createdAt < known.createdAt ? 'older' : 'kept' };
            return { write: { data: { [keys.pushed]: toBase64(encodePushedTicket(ticket, account)) } } };
          },
          write: (patch, { metadata }) => cache.patch(metadata.resourceVersion, patch),
          mostTries: MOST_TRIES,
        }).then(({ leave }) => leave ?? 'kept'),
      ),
  };
}
