import { failureOf } from '../../core/failure.ts';
import { verbatim } from '../../core/text.ts';
import type { Endpoint, Login, RedisConfig, TlsFiles } from '../../redis/connection-types.ts';
import { filesOf, readCredentials } from '../../redis/credential-files.ts';
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
    const known = found.some(({ name }) => name === settings.name);
    if (known) context.complain([...at, 'name'], 'is the name of another connection as well');
    const config = await resolveConnection(settings, at, context);
    if (config && !known) found.push(config);
  }
  return found;
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
    const what =
      'is used by nothing: name it as connection of a target of type redis or of state.redis, or leave it out';
    context.complain([LIST, index, 'name'], what);
  }
}

async function resolveConnection(
  settings: RedisSettings,
  at: KeyPath,
  context: Context,
): Promise<RedisConfig | undefined> {
  const { name, username, passwordFile } = settings;
  isMissing(context, [...at, 'name'], name, 'what targets call this connection');
  const endpoint = endpointOf(settings, at, context);
  const login = loginOf({ username, passwordFile }, at, context);
  const tls = tlsOf(settings, at, context);
  const database = databaseOf(settings, at, context);
  if (name === undefined || !endpoint) return undefined;
  const config = { name, endpoint, database, ...(login && { login }), ...(tls && { tls }) };
  await checkFiles(config, settings, at, context);
  return config;
}

const CHOICES = ['url', 'sentinel', 'cluster'] as const;

function endpointOf(settings: RedisSettings, at: KeyPath, context: Context): Endpoint | undefined {
  const { url, sentinel, cluster } = settings;
  const [first, ...others] = CHOICES.filter((choice) => settings[choice] !== undefined);
  for (const other of others) {
    context.complain([...at, other], `cannot stand beside ${first}: say one of them`);
  }
  const isWrong = CHOICES.some((choice) => context.isWrong([...at, choice]));
  if (first === undefined && !isWrong)
    context.complain(
      [...at, 'url'],
      'is required: where the server is (or sentinel or cluster in its place)',
    );
  if (url !== undefined) return urlEndpoint(url);
  if (sentinel) {
    const { master, nodes, ...login } = sentinel;
    const here = [...at, 'sentinel'];
    isMissing(context, [...here, 'master'], master, 'the name by which the Sentinels know the master');
    isMissing(context, [...here, 'nodes'], nodes, 'the Sentinels, host:port each');
    if (nodes?.length === 0) context.complain([...here, 'nodes'], 'is empty: name at least one Sentinel');
    const known = nodes?.filter((node) => node !== undefined) ?? [];
    const own = loginOf(login, here, context);
    if (master === undefined || known.length === 0) return undefined;
    return { kind: 'sentinel', master, nodes: known, ...(own && { login: own }) };
  }
  if (cluster?.length === 0) context.complain([...at, 'cluster'], 'is empty: name at least one node');
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
  if (inUrl !== '' && database !== undefined) context.complain(here, 'stands in url already: say it once');
  if (cluster && database !== undefined && database !== 0)
    context.complain(here, 'must be 0, or left away: a Redis Cluster has no other');
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
    if (username !== undefined && !context.isWrong([...at, 'passwordFile']))
      context.complain([...at, 'passwordFile'], `is required: the file with the password of ${username}`);
    return undefined;
  }
  return { ...(username !== undefined && { username }), passwordFile };
}

function tlsOf(
  { url, tls, caFile, certFile, keyFile }: RedisSettings,
  at: KeyPath,
  context: Context,
): TlsFiles | undefined {
  const isEncrypted = tls || url?.startsWith('rediss:') === true;
  if (tls && url !== undefined && !url.startsWith('rediss:'))
    context.complain([...at, 'tls'], 'belongs to sentinel and cluster: a url says it with rediss:');
  const files = { caFile, certFile, keyFile };
  for (const [name, path] of Object.entries(files)) {
    if (path === undefined || isEncrypted || context.isWrong([...at, 'url'])) continue;
    const how = url === undefined ? 'say tls: true' : 'say rediss: in url';
    context.complain([...at, name], `has no effect without TLS: ${how}, or leave it away`);
  }
  if (certFile !== undefined && keyFile === undefined && !context.isWrong([...at, 'keyFile']))
    context.complain([...at, 'keyFile'], 'is required: the key of certFile');
  if (keyFile !== undefined && certFile === undefined && !context.isWrong([...at, 'certFile']))
    context.complain([...at, 'certFile'], 'is required: the certificate that keyFile belongs to');
  if (!isEncrypted) return undefined;
  return {
    ...(caFile !== undefined && { caFile }),
    ...(certFile !== undefined && { certFile }),
    ...(keyFile !== undefined && { keyFile }),
  };
}

/** Reports files that cannot be used, unless their volume just does not answer, which passes. */
async function checkFiles(
  config: RedisConfig,
  settings: RedisSettings,
  at: KeyPath,
  context: Context,
): Promise<void> {
  if (!context.fetches || filesOf(config).length === 0) return;
  try {
    await readCredentials(config, verbatim(''));
  } catch (error) {
    if (isUnanswered((error as Error).cause)) return;
    const what = failureOf(error, 'unsent').message.replace(/^.*?cannot be made: /, '');
    const keys = ['passwordFile', 'caFile', 'certFile', 'keyFile'] as const;
    const named = keys.find((each) => settings[each] !== undefined && what.startsWith(settings[each]));
    const here = named === undefined && settings.sentinel ? ['sentinel', 'passwordFile'] : [named ?? 'url'];
    context.complain([...at, ...here], what);
  }
}
