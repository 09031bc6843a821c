import { en, type Text, zh } from '../../core/text.ts';
import type { Endpoint, Login, RedisConfig, TlsFiles } from '../../redis/connection-types.ts';
import {
  type FileReading,
  readAuthorities,
  readIdentity,
  readPassword,
} from '../../redis/credential-files.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import { isUnanswered } from '../../system/fs/files.ts';
import type { Settings } from '../schema/index.ts';
import type { RedisSettings } from '../schema/redis.ts';
import { type Context, isMissing } from './context.ts';

/** The key of the configuration. */
const LIST = 'redis';

/** Port of a server that a URL does not name. */
const USUAL_PORT = 6379;

/**
 * Checks the `redis` section and reports its problems.
 * @returns the connections that can be used, by themselves
 */
export async function resolveRedis(
  { redis = [] }: Settings,
  context: Context,
): Promise<readonly RedisConfig[]> {
  const found: RedisConfig[] = [];
  for (const [index, settings] of redis.entries()) {
    if (!settings) continue;
    const at = [LIST, index];
    const known =
      settings.name !== undefined && redis.slice(0, index).some((one) => one?.name === settings.name);
    if (known) {
      context.complain([...at, 'name'], {
        en: 'is the name of another connection as well',
        zh: '也是另一个连接的名称',
      });
    }
    const config = await resolveConnection(settings, at, context);
    if (config && !known) found.push(config);
  }
  return found;
}

/** Whether the names of all connections are known: what is wrong with an entry may leave open what it is called. */
export function areListed({ redis = [] }: Settings, { isWrong }: Context): boolean {
  return !isWrong([LIST]) && redis.every((_, index) => !isWrong([LIST, index, 'name']));
}

/**
 * Reports connections that nothing uses: the operator meant something to use them.
 * @param used names that targets and the state say
 */
export function refuseUnusedConnections(
  { redis = [] }: Settings,
  used: ReadonlySet<string>,
  context: Context,
): void {
  const declared = new Set(redis.map((settings) => settings?.name));
  // A name that none has has been reported: most likely it is a misspelt one of these.
  if ([...used].some((name) => !declared.has(name))) return;
  for (const [index, settings] of redis.entries()) {
    const { name } = settings ?? {};
    if (name === undefined || used.has(name)) continue;
    context.complain([LIST, index, 'name'], {
      en: 'is used by nothing: name it as connection of a target of type redis or of state.redis, or leave it out',
      zh: '没有任何地方用到：在 type: redis 的发布目标或 state.redis 的 connection 里写它，或去掉它',
    });
  }
}

async function resolveConnection(
  settings: RedisSettings,
  at: KeyPath,
  context: Context,
): Promise<RedisConfig | undefined> {
  const { name, username, passwordFile } = settings;
  isMissing(context, [...at, 'name'], name, {
    en: 'what targets call this connection',
    zh: '发布目标用来指明这个连接的名称',
  });
  const endpoint = endpointOf(settings, at, context);
  const login = loginOf({ username, passwordFile }, at, context);
  const tls = tlsOf(settings, at, context);
  const database = databaseOf(settings, at, context);
  await checkFiles(settings, at, context);
  if (name === undefined || !endpoint) return undefined;
  return { name, endpoint, database, ...(login && { login }), ...(tls && { tls }) };
}

const CHOICES = ['url', 'sentinel', 'cluster'] as const;

function endpointOf(settings: RedisSettings, at: KeyPath, context: Context): Endpoint | undefined {
  const { url, sentinel, cluster } = settings;
  const [first, ...others] = CHOICES.filter((choice) => settings[choice] !== undefined);
  for (const other of others) {
    context.complain([...at, other], {
      en: `cannot stand beside ${first}: say one of them`,
      zh: `不能与 ${first} 并用：只写一个`,
    });
  }
  const isWrong = CHOICES.some((choice) => context.isWrong([...at, choice]));
  if (first === undefined && !isWrong)
    context.complain([...at, 'url'], {
      en: 'is required: where the server is (or sentinel or cluster in its place)',
      zh: '必填：服务器在哪里（或者改用 sentinel 或 cluster）',
    });
  if (url !== undefined) return urlEndpoint(url);
  if (sentinel) {
    const { master, nodes, ...login } = sentinel;
    const here = [...at, 'sentinel'];
    isMissing(context, [...here, 'master'], master, {
      en: 'the name by which the Sentinels know the master',
      zh: 'Sentinel 所知的 master 名称',
    });
    isMissing(context, [...here, 'nodes'], nodes, {
      en: 'the Sentinels, host:port each',
      zh: '各个 Sentinel，每个写作 host:port',
    });
    if (nodes?.length === 0) {
      context.complain([...here, 'nodes'], {
        en: 'is empty: name at least one Sentinel',
        zh: '是空的：至少写一个 Sentinel',
      });
    }
    const known = nodes?.filter((node) => node !== undefined) ?? [];
    const own = loginOf(login, here, context);
    if (master === undefined || known.length === 0) return undefined;
    return { kind: 'sentinel', master, nodes: known, ...(own && { login: own }) };
  }
  if (cluster?.length === 0) {
    context.complain([...at, 'cluster'], {
      en: 'is empty: name at least one node',
      zh: '是空的：至少写一个节点',
    });
  }
  const nodes = cluster?.filter((node) => node !== undefined) ?? [];
  return nodes.length > 0 ? { kind: 'cluster', nodes } : undefined;
}

function urlEndpoint(url: string): Endpoint {
  if (url.startsWith('unix:')) return { kind: 'socket', path: url.slice('unix:'.length) };
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return { kind: 'server', address: { host, port: port === '' ? USUAL_PORT : Number(port) } };
}

function databaseOf({ url, cluster, database }: RedisSettings, at: KeyPath, context: Context): number {
  const here = [...at, 'database'];
  const [, inUrl = ''] = /^rediss?:\/\/[^/]+\/(\d+)$/.exec(url ?? '') ?? [];
  if (inUrl !== '' && database !== undefined) {
    context.complain(here, {
      en: 'stands in url already: say it once',
      zh: 'url 里已经写了：只写一次',
    });
  }
  if (cluster && database !== undefined && database !== 0) {
    context.complain(here, {
      en: 'must be 0, or left away: a Redis Cluster has no other',
      zh: '必须是 0，或者去掉：Redis Cluster 没有别的数据库',
    });
  }
  return database ?? Number(inUrl);
}

function loginOf(
  {
    username,
    passwordFile,
  }: { readonly username?: string | undefined; readonly passwordFile?: string | undefined },
  at: KeyPath,
  context: Context,
): Login | undefined {
  if (passwordFile === undefined) {
    if (username !== undefined)
      isMissing(context, [...at, 'passwordFile'], passwordFile, {
        en: `the file with the password of ${username}`,
        zh: `内容为 ${username} 的密码的文件`,
      });
    return undefined;
  }
  return { ...(username !== undefined && { username }), passwordFile };
}

function tlsOf(
  { url, tls, caFile, certFile, keyFile }: RedisSettings,
  at: KeyPath,
  context: Context,
): TlsFiles | undefined {
  const isEncrypted = usesTls({ url, tls });
  if (tls && url !== undefined && !url.startsWith('rediss:')) {
    context.complain([...at, 'tls'], {
      en: 'belongs to sentinel and cluster: a url says it with rediss:',
      zh: '只用于 sentinel 和 cluster：url 用 rediss: 表示',
    });
  }
  const files = { caFile, certFile, keyFile };
  for (const [name, path] of Object.entries(files)) {
    if (path === undefined || isEncrypted || context.isWrong([...at, 'url'])) continue;
    const how: Text =
      url === undefined
        ? { en: 'say tls: true', zh: '写上 tls: true' }
        : { en: 'say rediss: in url', zh: '在 url 里写 rediss:' };
    context.complain([...at, name], {
      en: en`has no effect without TLS: ${how}, or leave it away`,
      zh: zh`没有 TLS 就不起作用：${how}，或去掉它`,
    });
  }
  if (certFile !== undefined) {
    const what: Text = { en: 'the key of certFile', zh: 'certFile 的私钥' };
    isMissing(context, [...at, 'keyFile'], keyFile, what);
  }
  if (keyFile !== undefined) {
    const what: Text = { en: 'the certificate that keyFile belongs to', zh: 'keyFile 所属的证书' };
    isMissing(context, [...at, 'certFile'], certFile, what);
  }
  if (!isEncrypted) return undefined;
  return {
    ...(caFile !== undefined && { caFile }),
    ...(certFile !== undefined && { certFile }),
    ...(keyFile !== undefined && { keyFile }),
  };
}

function usesTls({ url, tls }: Pick<RedisSettings, 'url' | 'tls'>): boolean {
  return tls || url?.startsWith('rediss:') === true;
}

/**
 * Reports files that cannot be used, unless their volume just does not answer, which passes. Each is looked at whatever is
 * wrong with the others and with the rest of the connection.
 */
async function checkFiles(settings: RedisSettings, at: KeyPath, context: Context): Promise<void> {
  if (!context.fetches) return;
  const { passwordFile, sentinel, caFile, certFile, keyFile } = settings;
  const told = ({ problem, cause }: FileReading<unknown>, ...key: string[]) => {
    if (problem && !isUnanswered(cause)) context.complain([...at, ...key], problem);
  };
  if (passwordFile !== undefined) told(await readPassword(passwordFile), 'passwordFile');
  const ofSentinel = sentinel?.passwordFile;
  if (ofSentinel !== undefined) told(await readPassword(ofSentinel), 'sentinel', 'passwordFile');
  // Files that have no effect have been reported; a url that is wrong may have been meant to encrypt.
  if (!usesTls(settings) && !context.isWrong([...at, 'url'])) return;
  if (caFile !== undefined) told(await readAuthorities(caFile), 'caFile');
  if (certFile === undefined || keyFile === undefined) return;
  const identity = await readIdentity(certFile, keyFile);
  told(identity, identity.file === certFile ? 'certFile' : 'keyFile');
}
