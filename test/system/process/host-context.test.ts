import { describe, expect, it } from 'vitest';
import { mappedBy, readHostContext } from '../../../src/system/process/host-context.ts';

describe('groups that the user namespace maps', () => {
  it.each([
    ['every group, on a host', '         0          0 4294967295\n', [0, 4321, 4294967294], []],
    ['one group, of a rootless user', '      1000       1000          1\n', [1000], [0, 999, 1001]],
    ['several ranges', '0 1000 1\n1 100000 65536\n', [0, 1, 65536], [65537, 100000]],
    ['none, before the map is written', '', [], [0]],
  ])('a map of %s is read', (_, map, mapped, others) => {
    const isMapped = mappedBy(map);
    expect(mapped.filter(isMapped)).toEqual(mapped);
    expect(others.filter(isMapped)).toEqual([]);
  });

  it('the groups of this process are mapped', async () => {
    const { isMapped, gid } = await readHostContext();
    expect(isMapped(gid)).toBe(true);
  });
});
