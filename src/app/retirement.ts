import { ticketAccount, tokenAccount } from '../codec/account.ts';
import type { FetchedConfig } from '../config/config.ts';
import { failureOf } from '../core/failure.ts';
import type { Logger } from '../observability/log/logger.ts';
import { ownerOf } from '../providers/index.ts';
import type { CreatePublisher } from '../publishers/kinds.ts';

/**
 * Returns a function that removes what was published for accounts which the platform has not listed for long. It does so
 * once in the life of a daemon: what somebody puts there afterwards is his.
 */
export function createRetirement(
  createPublisher: CreatePublisher,
  logger: Pick<Logger, 'info' | 'warn'>,
): (gone: readonly FetchedConfig[]) => Promise<void> {
  let retired: ReadonlySet<string> = new Set();

  async function retire(credential: FetchedConfig): Promise<void> {
    const { name, type, appId, platform, publish } = credential;
    const owner = ownerOf(credential);
    const removed: string[] = [];
    for (const target of publish) {
      const { of } = target;
      const account =
        of === 'token' ? tokenAccount(platform.id, type, owner) : ticketAccount(platform.id, owner, of);
      const publisher = createPublisher(target, { name, type, appId, kind: of, account });
      try {
        removed.push(...((await publisher.retire?.()) ?? []));
      } catch (error) {
        logger.warn(`not removed: ${failureOf(error, 'none').message}`, { credential: name });
      }
    }
    if (removed.length > 0)
      logger.info('removed what was published for an account that the platform no longer lists', {
        credential: name,
        removed,
      });
  }

  return async (gone) => {
    const news = gone.filter(({ name }) => !retired.has(name));
    // One that comes back, and goes again, is retired again.
    retired = new Set(gone.map(({ name }) => name));
    for (const credential of news) await retire(credential);
  };
}
