import type { Text } from '../core/text.ts';
import { addressText, isLoopbackHost } from '../system/net/address.ts';
import type { RedisConfig } from './connection-types.ts';

/** Where a connection leads to, for messages: without user names and passwords. */
export function addressOf({ endpoint, database, tls }: RedisConfig): string {
  const suffix = `${database === 0 ? '' : `, database ${database}`}${tls ? ', TLS' : ''}`;
  switch (endpoint.kind) {
    case 'server':
      return `${addressText(endpoint.address)}${suffix}`;
    case 'socket':
      return `unix:${endpoint.path}${suffix}`;
    case 'sentinel':
      return `master ${endpoint.master} of the Sentinels ${endpoint.nodes.map(addressText).join(' ')}${suffix}`;
    case 'cluster':
      return `Cluster ${endpoint.nodes.map(addressText).join(' ')}${suffix}`;
  }
}

/** Names a connection in messages. */
export function whereOf(config: RedisConfig): Text {
  const [name, address] = [config.name, addressOf(config)];
  return { en: `the Redis connection ${name} (${address})`, zh: `Redis 连接 ${name}（${address}）` };
}

/** Whether what is sent travels unencrypted to another host. */
export function isExposed({ endpoint, tls }: RedisConfig): boolean {
  if (tls || endpoint.kind === 'socket') return false;
  const nodes = endpoint.kind === 'server' ? [endpoint.address] : endpoint.nodes;
  return !nodes.every(({ host }) => isLoopbackHost(host));
}
