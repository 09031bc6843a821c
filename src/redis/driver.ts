/** All that the program uses of ioredis, and the only file that knows it. It is loaded when a connection is made. */
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { EdgeError, PASSING } from '../core/failure.ts';
import { en, zh } from '../core/text.ts';
import { SECOND } from '../core/time.ts';
import type { TcpAddress } from '../system/net/address.ts';
import { rejectOnAbort } from '../system/time/deadline.ts';
import { whereOf } from './address.ts';
import type { RedisConfig } from './connection-types.ts';
import type { Credentials, Identity } from './credential-files.ts';

/** What a server answers; text is decoded as UTF-8. */
export type Reply = string | number | null | readonly Reply[];

/** One connection to a server, or those to a Cluster. When it ends it is done with: another one is made instead. */
export interface Line {
  /**
   * Sends a command and waits for its answer.
   * @throws errors of the client, which hold the arguments: see `redisError`
   */
  send(command: readonly (string | number)[]): Promise<Reply>;
  /** Calls back for each message of the channels and patterns that were subscribed to. */
  onMessage(listener: (channel: string, text: string) => void): void;
  /** Resolves when the line has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** The last error of the line itself, which says why it ended. */
  lastError(): unknown;
  end(): void;
}

/** How long one server may take to be reached, ms: a host that swallows packets leaves time to ask another one. */
const REACH = 3 * SECOND;

/** How long a node of a Cluster may leave a command without an answer until its connection is given up, ms. */
const ANSWER = 6 * SECOND;

/** TCP keep-alive delay, ms. */
const KEEP_ALIVE = 5 * SECOND;

const common = {
  // The protocol of all versions, and of what imitates Redis. No new connection by itself, nothing sent again, nothing
  // kept for later: whoever asks learns at once what became of it, and asks again when it is time.
  ...{ protocol: 2, retryStrategy: null, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 },
  ...{ enableReadyCheck: false, disableClientInfo: true, autoResubscribe: false },
  ...{ lazyConnect: true, connectTimeout: REACH, keepAlive: KEEP_ALIVE },
} as const satisfies RedisOptions;

/**
 * Makes the line of a connection and logs in.
 * @param pick which node of a Cluster to ask for, for a line of its own to one of them; absent: the Cluster as a whole
 * @throws errors of the client
 */
export async function openLine(
  config: RedisConfig,
  credentials: Credentials,
  signal: AbortSignal,
  pick?: number,
): Promise<Line> {
  const { endpoint } = config;
  const line =
    endpoint.kind === 'cluster' && pick === undefined
      ? clusterLine(endpoint.nodes, credentials)
      : singleLine(config, credentials, pick ?? 0);
  const giveUp = () => line.end();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await Promise.race([line.connect(), rejectOnAbort(signal)]);
    return line;
  } catch (error) {
    line.end();
    signal.throwIfAborted();
    throw line.reason() ?? error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

interface Opening extends Line {
  connect(): Promise<void>;
  /** Why it could not be made, where that is known better than by the error of the client. */
  reason(): unknown;
}

function singleLine(config: RedisConfig, credentials: Credentials, pick: number): Opening {
  const { endpoint, database } = config;
  const { login, tls } = credentials;
  const options = {
    ...common,
    ...placeOf(endpoint, credentials, pick),
    ...(tls && { tls }),
    enableOfflineQueue: false,
    replyMapping: 'legacy',
  } as const satisfies RedisOptions;
  const client = new Redis(options);
  let isUnknownMaster = false;
  client.on('sentinelError', ({ message }: Error) => {
    isUnknownMaster ||= /but got an invalid reply|No such master/.test(message);
  });
  const line = lineOf(client);
  return {
    ...line,
    reason: () => (isUnknownMaster ? unknownMaster(config) : line.lastError()),
    async connect() {
      await client.connect();
      // Not by the client: it prints to standard error where a password was not needed.
      if (login) await line.send(['AUTH', ...wordsOf(login)]).catch(unlessNeedless);
      if (database !== 0) await line.send(['SELECT', database]);
    },
  };
}

function placeOf(
  endpoint: RedisConfig['endpoint'],
  { sentinelLogin, tls }: Credentials,
  pick: number,
): RedisOptions {
  switch (endpoint.kind) {
    case 'server':
      return endpoint.address;
    case 'socket':
      return { path: endpoint.path };
    case 'cluster':
      return endpoint.nodes[pick % endpoint.nodes.length] ?? {};
    case 'sentinel':
      return {
        ...{ sentinels: [...endpoint.nodes], name: endpoint.master, role: 'master' },
        ...{ sentinelRetryStrategy: () => null, sentinelCommandTimeout: REACH },
        ...(sentinelLogin?.username !== undefined && { sentinelUsername: sentinelLogin.username }),
        ...(sentinelLogin && { sentinelPassword: sentinelLogin.password }),
        ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
      };
  }
}

function clusterLine(nodes: readonly TcpAddress[], { login, tls }: Credentials): Opening {
  const options = {
    ...{ clusterRetryStrategy: null, enableOfflineQueue: false, enableReadyCheck: false, lazyConnect: true },
    // A command whose connection was lost is not sent again behind the back of whoever sent it.
    ...{ retryDelayOnFailover: 0, retryDelayOnClusterDown: 0, slotsRefreshTimeout: REACH },
    redisOptions: {
      ...common,
      // A node that stands still is given up, and not the others with it.
      socketTimeout: ANSWER,
      ...(login?.username !== undefined && { username: login.username }),
      ...(login && { password: login.password }),
      ...(tls && { tls }),
    },
    // Certificates are for the names by which a Cluster calls its nodes, not for the addresses of these.
    ...(tls && { dnsLookup: asIs }),
  } satisfies ClusterOptions;
  const client = new Cluster([...nodes], options);
  let nodeError: unknown;
  client.on('node error', (error: unknown) => {
    nodeError = error;
  });
  const line = lineOf(client);
  const lastError = () => nodeError ?? line.lastError();
  return { ...line, lastError, reason: lastError, connect: () => client.connect() };
}

const asIs: NonNullable<ClusterOptions['dnsLookup']> = (name, done) => done(null, name);

function lineOf(client: Redis | Cluster): Line {
  let last: unknown;
  client.on('error', (error: unknown) => {
    last = error;
  });
  const ended = new Promise<void>((resolve) => client.once('end', resolve));
  return {
    // It knows its commands by their names in lower case.
    send: ([name, ...args]) => client.call(String(name).toLowerCase(), args) as Promise<Reply>,
    onMessage(listener) {
      client.on('message', listener);
      client.on('pmessage', (_pattern: string, channel: string, text: string) => listener(channel, text));
    },
    ended,
    lastError: () => last,
    end: () => client.disconnect(),
  };
}

function wordsOf({ username, password }: Identity): readonly string[] {
  return username === undefined ? [password] : [username, password];
}

/** A server that asks for no password lets everybody in. */
function unlessNeedless(error: Error): void {
  if (!/without any password configured|no password is set/i.test(error.message)) throw error;
}

function unknownMaster(config: RedisConfig): EdgeError {
  const master = config.endpoint.kind === 'sentinel' ? config.endpoint.master : '';
  return new EdgeError({
    class: 'passing',
    code: 'redis-sentinel',
    message: {
      en: en`${whereOf(config)} cannot be made: no Sentinel knows a master called ${master}`,
      zh: zh`${whereOf(config)}无法建立：没有 Sentinel 知道名为 ${master} 的主节点`,
    },
    advice: {
      en: 'check master against sentinel monitor in the configuration of the Sentinels',
      zh: '把 master 与 Sentinel 配置里的 sentinel monitor 对照',
    },
    effect: 'unsent',
    backoff: PASSING,
  });
}
