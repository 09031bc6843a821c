import { codeFileOf, isCorpId } from '../../core/permanent-code.ts';
import { omit } from '../../core/without.ts';
import { kindOf, policyOf } from '../../providers/kinds.ts';
import type { RedisConfig } from '../../redis/connection-types.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import { type Config, type CredentialConfig, isFetched, type ManyConfig } from '../config.ts';
import type { CredentialSettings } from '../schema/credential.ts';
import type { Settings } from '../schema/index.ts';
import { areApart } from '../validate/apart.ts';
import { refuseSharedAccounts, refuseSharedKeys, refuseSharedNames } from '../validate/duplicates.ts';
import { pathsOf } from '../validate/paths.ts';
import { areWritable } from '../validate/writable.ts';
import { resolveCluster, roomFor } from './cluster.ts';
import { type Context, isMissing } from './context.ts';
import { type Resolved, resolveCredential, type SharedSettings } from './credential.ts';
import {
  MOST_ACCOUNTS,
  manyKindOf,
  NO_ACCOUNT,
  type ResolvedMany,
  resolveMany,
  withoutSamples,
} from './many.ts';
import { CONCURRENCY, mapConcurrently } from './memoize.ts';
import type { ResolvedMirror } from './mirror.ts';
import { mayServe } from './platform.ts';
import { areListed, refuseUnusedConnections, resolveRedis } from './redis.ts';
import { resolveServers, resolveStateFolder } from './servers.ts';
import { resolveState } from './state.ts';
import { linkVia } from './via.ts';

/** How the configuration is checked. */
export interface ResolveOptions {
  /** Path of the configuration file, if there is one. */
  readonly document: string | undefined;
  /** Whether the caller will write the targets. */
  readonly publishes: boolean;
  /** Whether the daemons share their state; absent if these settings decide that. */
  readonly coordinated?: boolean;
  /** The connections of a running daemon; absent if these settings say them. */
  readonly redis?: readonly RedisConfig[];
}

/**
 * Checks settings that are valid one by one as a whole, together with the files and programs that they name. Problems
 * go to `context.complain`; after one, the returned configuration is incomplete.
 */
export async function resolveConfig(
  settings: Settings,
  { document, publishes, ...fixed }: ResolveOptions,
  given: Context,
): Promise<Config> {
  const context: Context = {
    ...given,
    complain: (path, what) => given.complain(path, withoutSamples(what)),
  };
  const { credentials = [], platform, feedback } = settings;
  const list = ['credentials'];
  const isListMissing = isMissing(context, list, settings.credentials, {
    en: 'the accounts',
    zh: '账号的列表',
  });
  if (!isListMissing && credentials.length === 0) context.complain(list, NO_ACCOUNT);
  refuseSharedNames(credentials, context);

  const isStateChosen = settings.stateDir !== undefined || context.isWrong(['stateDir']);
  const isClustered = settings.cluster !== undefined || context.isWrong(['cluster']);
  const isInPod = Boolean(context.environment['KUBERNETES_SERVICE_HOST']);
  const isOnRedis = settings.state !== undefined || context.isWrong(['state']);
  const { coordinated = isStateChosen || isClustered || isOnRedis || !isInPod } = fixed;
  const { redis = await resolveRedis(settings, context) } = fixed;
  const declared = settings.redis.flatMap((one) => one?.name ?? []);
  const connections = { redis, declared, isListed: areListed(settings, context) };
  const templates = credentials.flatMap((one) => one?.ticket?.push?.permanentCodes ?? []);
  const isAwaited = (path: string, corpId: unknown) =>
    isCorpId(corpId) && templates.some((template) => codeFileOf(template, corpId) === path);
  const found = await mapConcurrently(
    credentials,
    CONCURRENCY,
    async (credential, index) =>
      credential &&
      (await resolveEntry(
        credential,
        [...list, index],
        { platform, coordinated, connections, isAwaited },
        context,
      )),
  );
  const entries = found.filter((entry) => entry !== undefined);
  const manyFound = entries.flatMap(({ listed }) => listed ?? []);
  const samples = new Set(manyFound.map(({ sample }) => sample.config.name));
  const resolved = linkVia(
    entries.flatMap(({ resolved: own }) => own),
    credentials,
    context,
  );
  refuseSharedAccounts(resolved, context);
  const cluster = resolveCluster(settings, context);
  const state = resolveState(settings, connections, context);
  await refuseSharedKeys(resolved, cluster, context);
  refuseUnusedHosts(settings, resolved, context);
  refuseUnusedConnections(settings, connectionsUsed(settings), context);

  const atMost = (many: ManyConfig) => (cluster ? roomFor(many, credentials) : MOST_ACCOUNTS);
  const { paths, published, place, inputs } = await pathsOf(resolved, settings, document, context);
  if ((await areApart(paths, context)) && publishes) {
    // Credentials whose fetches kill no token can do without a state folder: a restart then costs one call.
    const needsState =
      !isClustered &&
      !isOnRedis &&
      resolved.some(({ config }) => isFetched(config) && policyOf(config).destructive);
    await areWritable(published, needsState ? paths.state : undefined, context);
  }
  return {
    schedule: settings.schedule,
    onHangup: settings.onHangup,
    stateDir: place.stateDir ?? '',
    stateOrigin: place.origin,
    stateElsewhere: place.elsewhere,
    stateLinks: place.links,
    ...(await resolveStateFolder(settings, context)),
    ...(feedback.directory !== undefined && { feedbackDir: feedback.directory }),
    coordinated,
    ...(cluster && { cluster }),
    ...(redis.length > 0 && { redis }),
    ...(state && { state }),
    ...(await resolveServers(settings, context)),
    log: settings.log,
    ...(settings.language && { language: settings.language }),
    inputs,
    credentials: resolved.filter(({ config }) => !samples.has(config.name)).flatMap(complete),
    ...(manyFound.length > 0 && { many: manyFound.flatMap((one) => completeMany(one, resolved, atMost)) }),
  };
}

interface Entry {
  readonly resolved: readonly (Resolved | ResolvedMirror)[];
  readonly listed?: ResolvedMany;
}

/** Checks an entry of `credentials`, which stands for one account or for many. */
async function resolveEntry(
  settings: CredentialSettings,
  at: KeyPath,
  shared: SharedSettings,
  context: Context,
): Promise<Entry> {
  const kind = manyKindOf(settings);
  if (!kind) {
    const one = await resolveCredential(settings, at, shared, context);
    return { resolved: one ? [one] : [] };
  }
  const found = await resolveMany(settings, kind, at, shared, context);
  return 'named' in found
    ? { resolved: found.named }
    : { resolved: [found.listed.sample], listed: found.listed };
}

/** Completes an entry that stands for many accounts; leaves out one without a third party, which has been reported. */
function completeMany(
  { sample, config }: ResolvedMany,
  resolved: readonly (Resolved | ResolvedMirror)[],
  atMost: (many: ManyConfig) => number,
): ManyConfig[] {
  const linked = resolved.find((one) => one.config.name === sample.config.name)?.config;
  if (!linked || !isFetched(linked) || !linked.via) return [];
  const many = { ...config, via: linked.via, atMost: MOST_ACCOUNTS };
  return [{ ...many, atMost: atMost(many) }];
}

/** Completes a credential; leaves out one without an AppSecret, which has been reported. */
function complete({ config, targets }: Resolved | ResolvedMirror): CredentialConfig[] {
  const publish = targets.map(({ target }) => target);
  if (!isFetched(config)) return [{ ...config, publish }];
  const { secret } = config;
  return secret ? [Object.assign(omit(config, 'secret'), { secret, publish })] : [];
}

/** Reports a general base URL that fits none of the credentials: the operator meant another platform. */
function refuseUnusedHosts(
  { platform }: Settings,
  resolved: readonly (Resolved | ResolvedMirror)[],
  context: Context,
): void {
  const { baseUrl } = platform;
  if (baseUrl === undefined || resolved.length === 0) return;
  const isUsed = ({ at, config }: Resolved | ResolvedMirror) =>
    context.isWrong([...at, 'type']) || !isFetched(config) || mayServe(baseUrl, kindOf(config.type));
  if (resolved.some(isUsed)) return;
  context.complain(['platform', 'baseUrl'], {
    en: 'knows no credential of these types: it is of another platform',
    zh: '不认识这些类型的凭据：它属于另一个平台',
  });
}

/** The names of connections that targets say, also those of targets that cannot be used otherwise. */
function connectionsUsed({ credentials = [], state }: Settings): ReadonlySet<string> {
  const targets = credentials.flatMap((credential) => credential?.publish ?? []);
  const names = [state?.redis?.connection, ...targets.map((target) => target?.['connection'])];
  return new Set(names.filter((name) => typeof name === 'string'));
}
