import { fromBase64 } from '../../codec/encoding.ts';
import { decodePushedTicket } from '../../codec/pushed-ticket.ts';
import { decodePart, keysOf, partOf, type SecretContent } from '../../codec/secret-layout.ts';
import type { ClusterConfig } from '../../config/config.ts';
import type { Kubernetes } from '../../kubernetes/index.ts';
import { objectAt } from '../../kubernetes/resources.ts';
import type { Stored } from './probe-platform.ts';

/**
 * What the Secret of a cluster holds of its accounts. It is read once, when it is asked for first. A Secret that cannot be
 * read holds nothing here: {@link probeCluster} says why.
 * @param signal ends the request
 */
export function clusterRecords(
  { secret }: Pick<ClusterConfig, 'secret'>,
  kubernetes: Pick<Kubernetes, 'client'>,
  signal: AbortSignal,
): Stored {
  let held: Promise<SecretContent | undefined> | undefined;

  async function read(): Promise<SecretContent | undefined> {
    try {
      const client = await kubernetes.client();
      return await client.get(objectAt('secrets', secret, client), { signal });
    } catch {
      return undefined;
    }
  }

  const content = () => {
    held ??= read();
    return held;
  };

  return {
    open: (account, name, kind = 'token') => ({
      async read() {
        const found = await content();
        return found && unlessUnusable(() => decodePart(partOf(found, keysOf(name, kind)), account));
      },
    }),
    openTickets: (account, name) => ({
      async read() {
        const kept = (await content())?.data?.[keysOf(name, 'token').pushed];
        return kept === undefined
          ? undefined
          : unlessUnusable(() => decodePushedTicket(fromBase64(kept), account));
      },
    }),
  };
}

/** The daemon does without what it cannot use as well. */
function unlessUnusable<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
