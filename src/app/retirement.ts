import { ticketAccount, tokenAccount } from '../codec/account.ts';
import type { FetchedConfig } from '../config/config.ts';
import type { Kind } from '../core/credential.ts';
import { failureOf, textsOf } from '../core/failure.ts';
import { zh } from '../core/text.ts';
import type { Logger } from '../observability/log/logger.ts';
import { ownerOf } from '../providers/index.ts';
import type { CreatePublisher } from '../publishers/kinds.ts';
import type { Stores } from './stores.ts';

/**
 * Returns a function that removes what is left of accounts which the platform has not listed for long. What was published
 * is removed once in the life of a daemon: what somebody puts there afterwards is his. Where that fails it is tried again
 * with the next list. Records are looked for with every list, since another daemon may lead by then.
 */
export function createRetirement(
  createPublisher: CreatePublisher,
  forget: Stores['forget'],
  logger: Pick<Logger, 'info' | 'warn'>,
): (gone: readonly FetchedConfig[]) => Promise<void> {
  let retired: ReadonlySet<string> = new Set();
  /** By the last list: one that comes back meanwhile is left alone. */
  let absent: ReadonlySet<string> = new Set();

  function complain(error: unknown, fields: { readonly credential: string; readonly target?: string }): void {
    const { message, advice } = textsOf(failureOf(error, 'none'));
    logger.warn(`not removed: ${message.en}`, {
      ...fields,
      meaning: { zh: zh`没有删除：${message}` },
      advice,
    });
  }

  /** @returns whether nothing is left of what was published */
  async function retire(credential: FetchedConfig): Promise<boolean> {
    const { name, type, appId, publish } = credential;
    const removed: string[] = [];
    let isWhole = true;
    for (const target of publish) {
      const { of } = target;
      const publisher = createPublisher(target, {
        ...{ name, type, appId, kind: of },
        account: accountOf(credential, of),
      });
      try {
        removed.push(...((await publisher.retire?.()) ?? []));
      } catch (error) {
        isWhole = false;
        complain(error, { credential: name, target: publisher.id });
      }
    }
    if (removed.length > 0)
      logger.info('removed what was published for an account that the platform no longer lists', {
        credential: name,
        removed,
      });
    return isWhole;
  }

  async function forgetRecords(credential: FetchedConfig): Promise<void> {
    const { name, tickets } = credential;
    const removed: string[] = [];
    try {
      for (const kind of ['token', ...tickets])
        removed.push(...(await forget(accountOf(credential, kind), { name, kind })));
    } catch (error) {
      complain(error, { credential: name });
    }
    if (removed.length > 0)
      logger.info('removed the record of an account that the platform no longer lists', {
        credential: name,
        removed,
      });
  }

  return async (gone) => {
    const news = gone.filter(({ name }) => !retired.has(name));
    absent = new Set(gone.map(({ name }) => name));
    // One that comes back, and goes again, is retired again.
    retired = absent;
    for (const credential of news) {
      const { name } = credential;
      if (!absent.has(name) || (await retire(credential))) continue;
      retired = new Set([...retired].filter((other) => other !== name));
    }
    for (const credential of gone) if (absent.has(credential.name)) await forgetRecords(credential);
  };
}

function accountOf(credential: FetchedConfig, kind: Kind): string {
  const { type, platform } = credential;
  const owner = ownerOf(credential);
  return kind === 'token' ? tokenAccount(platform.id, type, owner) : ticketAccount(platform.id, owner, kind);
}
