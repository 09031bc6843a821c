import { describe, expect, it } from 'vitest';
import { createExpander } from '../../src/config/expand.ts';
import { type Listing, relisted } from '../../src/core/listing.ts';
import { account, inJson, place } from './written.ts';

const HOUR = 3_600_000;
const idOf = (index: number) => `wx${String(index).padStart(16, '0')}`;
const ids = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => idOf(first + index));
const list = (before: Listing | undefined, hour: number, listed: readonly string[], patience = HOUR) =>
  relisted(before, { ids: listed, isComplete: true }, 1_700_000_000_000 + hour * HOUR, patience);

/** What an entry serves of a list, and what it does not serve since there are too many. */
async function expansion() {
  const { load } = await place();
  const file = (name: string) => [{ type: 'file', path: `$FOLDER/out/${name}` }];
  const platform = { name: 'platform', type: 'component', ticket: { file: '$FOLDER/ticket' } };
  const entry = {
    name: 'all',
    type: 'authorizers',
    via: 'platform',
    appId: undefined,
    secretFile: undefined,
  };
  const config = await load(
    inJson([
      account({ ...platform, publish: file('platform') }),
      account({ ...entry, removeAfter: '1h', publish: file('{appId}/token') }),
    ]),
  );
  const { expand } = createExpander();
  const [many] = config.many ?? [];
  if (!many) throw new Error('there is no entry by a list');
  return async (listing: Listing) => {
    const { served, skipped, missing } = await expand(config, many, listing);
    const tooMany = skipped.filter(({ why }) => why === 'limit').map(({ id }) => id);
    return { served: served.map(({ appId }) => appId), tooMany, missing };
  };
}

describe('more accounts than an entry serves', () => {
  it('the first 2000 are served, and the others are told', async () => {
    const served = await expansion();
    const { served: these, tooMany } = await served(list(undefined, 0, ids(1, 2002)));
    expect([these.length, tooMany]).toEqual([2000, [idOf(2001), idOf(2002)]]);
  });

  it('those that are served go on, whatever AppIDs come, and also while lists lack them', async () => {
    const served = await expansion();
    const first = list(undefined, 0, ids(10, 2000));
    expect((await served(first)).served).toEqual(ids(10, 2000));
    const more = list(first, 1, ids(1, 2009));
    const { served: these, tooMany } = await served(more);
    expect([these, tooMany]).toEqual([ids(10, 2000), ids(1, 9)]);
    const lacking = list(more, 2, [...ids(1, 9), ...ids(11, 1999)]);
    expect(await served(lacking)).toEqual({ served: ids(10, 2000), tooMany: ids(1, 9), missing: 1 });
  });

  it('an account that goes gives its place to the one that waits longest, and comes back as the last', async () => {
    const served = await expansion();
    const first = list(list(undefined, 0, ids(10, 2000)), 1, ids(1, 2009));
    const others = [...ids(1, 9), ...ids(11, 1999)];
    const gone = list(list(first, 2, others), 4, others);
    const { served: these } = await served(gone);
    expect(these).toEqual([idOf(1), ...ids(11, 1999)]);
    const back = list(gone, 5, ids(1, 2009));
    expect((await served(back)).served).toEqual(these);
    expect((await served(back)).tooMany.at(-1)).toBe(idOf(10));
  });
});
