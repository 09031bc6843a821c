import type { TestContext } from 'vitest';
import type { Failure } from '../../src/core/failure.ts';
import type { Timeouts } from '../../src/kubernetes/http.ts';
import { collectionPath, objectPath } from '../../src/kubernetes/resources.ts';
import { watchNamed } from '../../src/kubernetes/watch-named.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import type { ApiServerOptions } from '../support/kubernetes/api-server.ts';
import { WRITER } from '../support/kubernetes/role.ts';
import { eventually } from '../support/wait.ts';
import { openCluster } from './cluster.ts';

interface Options extends ApiServerOptions {
  readonly timeouts?: Partial<Timeouts>;
}

/** Somebody who watches the Secret as the Role of the refresher allows it, from before it is there. */
export async function watching({ onTestFinished }: TestContext, { timeouts, ...options }: Options = {}) {
  const cluster = await openCluster(onTestFinished, options);
  const { ask } = cluster.admin;
  const client = (await cluster.account(WRITER)).client(timeouts);
  const told: string[] = [];
  const troubles: Failure[] = [];
  const end = new AbortController();
  const watch = watchNamed(client, cluster.secret, {
    onObject: ({ data }) => void told.push(Buffer.from(data?.['a'] ?? '', 'base64').toString()),
    onGone: ({ data }) => void told.push(`gone ${Buffer.from(data?.['a'] ?? '', 'base64')}`),
    onTrouble: (failure) => void troubles.push(failure),
    signal: end.signal,
    clock: systemClock,
    random: Math.random,
  });
  onTestFinished(() => end.abort());
  const path = objectPath(cluster.secret);
  const data = (text: string) => ({ data: { a: Buffer.from(text).toString('base64') } });
  return {
    ...cluster,
    ...{ told, troubles, watch, client, stop: () => end.abort() },
    make: (text: string) =>
      ask('POST', collectionPath(cluster.secret), { metadata: { name: 'wx-token' }, ...data(text) }),
    write: (text: string) => ask('PATCH', path, data(text)),
    remove: () => ask('DELETE', path),
    isOpen: () => eventually(() => watch.state().open, { for: 'an open watch' }),
    hears: (text: string) => eventually(() => told.at(-1) === text, { for: text }),
  };
}
