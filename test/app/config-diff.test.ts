import { describe, expect, it } from 'vitest';
import { findRemoved } from '../../src/app/config-diff.ts';
import type { FetchedConfig } from '../../src/config/config.ts';
import type { FileTarget } from '../../src/publishers/file-target.ts';
import { credentialWith } from '../config/configured.ts';

const APP = { type: 'exec', command: ['/app/warm'], timeout: 30_000 } as const;
const HOOK = { type: 'webhook', url: 'http://127.0.0.1:8080/changed?key=hush', timeout: 5_000 } as const;

/** Published at `/run/wx/NAME/token`, with its details, its ticket and two who are told. */
async function shop(changes: Partial<FetchedConfig> = {}): Promise<FetchedConfig> {
  const { credential, target } = await credentialWith({});
  const { name = 'shop' } = changes;
  const path = `/run/wx/${name}/token`;
  const ticket = { ...target, path: `/run/wx/${name}/jsapi`, of: 'jsapi', details: false } as const;
  return {
    ...credential,
    name,
    tickets: ['jsapi'],
    publish: [{ ...target, path } as FileTarget, ticket],
    notify: [APP, HOOK],
    ...changes,
  };
}

describe('changes of the configuration', () => {
  it('a configuration that takes nothing away reports no removal', async () => {
    const before = await shop();
    const { target } = await credentialWith({});
    const more = { ...before, publish: [...before.publish, { ...target, path: '/run/wx/more' }] };
    const another = { ...before, notify: [{ ...APP, timeout: 60_000 }, HOOK] };
    for (const after of [before, more, another]) {
      expect(findRemoved([before], [after, await shop({ name: 'club' })])).toEqual([]);
    }
  });

  it('a removed credential is reported with the published files that stay behind', async () => {
    expect(findRemoved([await shop(), await shop({ name: 'club' })], [await shop()])).toEqual([
      {
        message: 'no longer served; what was published stays',
        fields: {
          credential: 'club',
          left: ['/run/wx/club/token', '/run/wx/club/token.json', '/run/wx/club/jsapi'],
        },
      },
    ]);
  });

  it('a removed target, ticket or notifier is reported without its secrets', async () => {
    const before = await shop();
    const publish = before.publish.slice(0, 1).map((target) => ({ ...target, details: false }));
    const after = { ...before, publish, tickets: [], notify: [APP] };
    const told = findRemoved([before], [after]);
    expect(told).toEqual([
      {
        message: 'no longer published; what is there stays',
        fields: { credential: 'shop', left: ['/run/wx/shop/token.json', '/run/wx/shop/jsapi'] },
      },
      { message: 'tickets no longer fetched', fields: { credential: 'shop', tickets: ['jsapi'] } },
      {
        message: 'notifiers removed',
        fields: { credential: 'shop', notifiers: ['notify[1] webhook:http://127.0.0.1:8080/changed'] },
      },
    ]);
    expect(JSON.stringify(told)).not.toContain('hush');
  });

  it('one removed notifier is reported among several that run the same program', async () => {
    const shell = (script: string) => ({ ...APP, command: ['/bin/sh', '-c', script] }) as const;
    const before = await shop({ notify: [shell('a'), shell('b'), shell('c')] });
    const after = { ...before, notify: [shell('c'), shell('a')] };
    expect(findRemoved([before], [after])).toEqual([
      {
        message: 'notifiers removed',
        fields: { credential: 'shop', notifiers: ['notify[1] exec:/bin/sh'] },
      },
    ]);
    const another = { ...before, notify: [shell('a'), shell('b'), shell('d')] };
    expect(findRemoved([before], [another])).toEqual([]);
  });

  it('a file that another credential now publishes is not reported as left behind', async () => {
    const before = await shop();
    const renamed = { ...before, name: 'boutique' };
    expect(findRemoved([before], [renamed])).toEqual([
      { message: 'no longer served; another credential publishes its files', fields: { credential: 'shop' } },
    ]);
    const moved = { ...before, publish: before.publish.slice(1) };
    const other = await shop({ name: 'club', publish: before.publish.slice(0, 1) });
    expect(findRemoved([before], [moved, other])).toEqual([]);
  });
});
