import { describe, expect, it } from 'vitest';
import { collectionPath, objectPath } from '../../src/kubernetes/resources.ts';
import { openCluster } from './cluster.ts';

type AtEnd = Parameters<typeof openCluster>[0];
type Event = Readonly<Record<string, unknown>>;

async function bench(atEnd: AtEnd, options = {}) {
  const cluster = await openCluster(atEnd, options);
  const { ask } = cluster.admin;
  const all = collectionPath(cluster.secret);
  const made = await ask('POST', all, { metadata: { name: 'wx-token' }, data: { a: 'YQ==' } });
  const watch = (query = '', most?: number) =>
    ask.watch(`${all}?watch=1&fieldSelector=metadata.name=wx-token&timeoutSeconds=2${query}`, most);
  return { ...cluster, ask, watch, path: objectPath(cluster.secret), version: versionOf(made.body) };
}

function versionOf(thing: Event): string {
  return (thing['metadata'] as { readonly resourceVersion: string }).resourceVersion;
}

/** `ADDED a=YQ==` */
function inWords({ type, object }: Event): string {
  const { data, code, reason } = object as { data?: Record<string, string>; code?: number; reason?: string };
  if (type === 'ERROR') return `ERROR ${code} ${reason}`;
  const keys = Object.entries(data ?? {}).map(([key, value]) => `${key}=${value}`);
  return [type, ...keys].join(' ');
}

const told = (events: readonly Event[]) => events.map(inWords).filter((line) => line !== 'BOOKMARK');

describe.concurrent('watches of the API server', () => {
  it('a watch without a version reports the current Secret and later changes', async ({ onTestFinished }) => {
    const { ask, watch, path } = await bench(onTestFinished);
    const heard = watch();
    // What is done before it is open is what is there by then.
    const first = await watch('', 1);
    expect(told(first.events)).toEqual(['ADDED a=YQ==']);
    await ask('PATCH', path, { data: { a: 'Yg==' } });
    const { status, events } = await heard;
    expect(status).toBe(200);
    expect(told(events).at(-1)).toMatch(/^(ADDED|MODIFIED) a=Yg==$/);
  });

  it('a watch reports nothing for a patch that changes nothing', async ({ onTestFinished }) => {
    const { ask, watch, path, version } = await bench(onTestFinished);
    await ask('PATCH', path, { data: { a: 'YQ==' } });
    expect(told((await watch(`&resourceVersion=${version}`)).events)).toEqual([]);
  });

  it('a watch reports a deletion with the last data and then the new Secret', async ({ onTestFinished }) => {
    const { ask, watch, path, version } = await bench(onTestFinished);
    await ask('DELETE', path);
    await ask('POST', path.replace(/\/[^/]+$/, ''), { metadata: { name: 'wx-token' }, data: { a: 'Yw==' } });
    expect(told((await watch(`&resourceVersion=${version}`)).events)).toEqual([
      'DELETED a=YQ==',
      'ADDED a=Yw==',
    ]);
  });

  it('a watch of a missing Secret is answered with HTTP 200 and no events', async ({ onTestFinished }) => {
    const { ask, watch, path } = await bench(onTestFinished);
    await ask('DELETE', path);
    const { status, events } = await watch();
    expect([status, told(events)]).toEqual([200, []]);
  });

  it('a watch from an old version gets HTTP 200 and an ERROR event 410, or what has happened since', async ({
    onTestFinished,
  }) => {
    const { watch } = await bench(onTestFinished);
    const { status, events } = await watch('&resourceVersion=1');
    expect(status).toBe(200);
    // A server that is young still knows all since its first version.
    expect(['ERROR 410 Expired', 'ADDED a=YQ==']).toContain(told(events).join());
  });

  it('a watch from a version that the server still knows gets what has happened since', async ({
    onTestFinished,
  }) => {
    const { ask, watch, path, version } = await bench(onTestFinished);
    await ask('PATCH', path, { data: { a: 'Yg==' } });
    expect(told((await watch(`&resourceVersion=${version}`)).events)).toEqual(['MODIFIED a=Yg==']);
  });

  it('a watch from a future version gets HTTP 200 and misses all events', async ({ onTestFinished }) => {
    const { ask, watch, path, version } = await bench(onTestFinished);
    const heard = watch(`&resourceVersion=${version}000000`);
    await ask('PATCH', path, { data: { a: 'Yg==' } });
    const { status, events } = await heard;
    expect([status, told(events)]).toEqual([200, []]);
  });

  it('a watch from a version before a server restart always gets ERROR 410', async (context) => {
    const cluster = await bench(context.onTestFinished);
    await cluster.faulty(context).restart();
    for (let tries = 0; tries < 2; tries += 1) {
      const { events } = await cluster.watch(`&resourceVersion=${cluster.version}`);
      expect(told(events)).toEqual(['ERROR 410 Expired']);
    }
    expect(told((await cluster.watch()).events)).toEqual(['ADDED a=YQ==']);
  });

  it('a watch gets bookmarks only when requested', async (context) => {
    const cluster = await bench(context.onTestFinished, { bookmarkEvery: 100 });
    cluster.faulty(context);
    const types = (events: readonly Event[]) => new Set(events.map(({ type }) => type));
    expect(types((await cluster.watch('&allowWatchBookmarks=true')).events)).toEqual(
      new Set(['ADDED', 'BOOKMARK']),
    );
    expect(types((await cluster.watch()).events)).toEqual(new Set(['ADDED']));
  });

  it('a watch with the name in the path gets the plain Secret', async ({ onTestFinished }) => {
    const { ask, path } = await bench(onTestFinished);
    const { body } = await ask('GET', `${path}?watch=1`);
    expect(body['data']).toEqual({ a: 'YQ==' });
  });
});
