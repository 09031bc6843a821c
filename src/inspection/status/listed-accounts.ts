import type { Config, FetchedConfig } from '../../config/config.ts';
import { createExpander } from '../../config/expand.ts';
import { listedName } from '../../core/listing.ts';
import type { Snapshot } from '../../observability/status/snapshot.ts';

/**
 * The accounts that a daemon serves as the platform lists them, by what it wrote down: no other file, and no request, tells
 * them. Each is as the configuration makes it now.
 */
export async function listedAccounts(
  { many = [], redis = [] }: Pick<Config, 'many' | 'redis'>,
  snapshot: Pick<Snapshot, 'credentials'> | undefined,
): Promise<readonly FetchedConfig[]> {
  const { one } = createExpander();
  const names = [...new Set(snapshot?.credentials.map(({ credential }) => credential))];
  const found = await Promise.all(
    many.map((entry) => {
      const prefix = listedName(entry.name, '');
      const own = names.filter((name) => name.startsWith(prefix));
      return Promise.all(own.map((name) => one(entry, name.slice(prefix.length), redis)));
    }),
  );
  return found.flat().filter((account) => account !== undefined);
}
