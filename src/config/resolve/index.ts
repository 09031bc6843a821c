import { kindOf, policyOf } from '../../providers/kinds.ts';
import { type Config, type CredentialConfig, isFetched } from '../config.ts';
import type { Settings } from '../schema/index.ts';
import { refuseSharedAccounts, refuseSharedKeys, refuseSharedNames } from '../validate/duplicates.ts';
import { areApart, pathsOf } from '../validate/paths.ts';
import { areWritable } from '../validate/writable.ts';
import { resolveCluster } from './cluster.ts';
import { type Context, isMissing } from './context.ts';
import { type Resolved, resolveCredential } from './credential.ts';
import { AT_ONCE, inTurns } from './memoize.ts';
import type { ResolvedMirror } from './mirror.ts';
import { knows } from './platform.ts';
import { resolveServers, resolveStateFolder } from './servers.ts';

export interface ResolveOptions {
  /** The file that says it, where one does. */
  readonly document: string | undefined;
  /** Whether what it names is going to be written. */
  readonly publishes: boolean;
  /** Whether daemons are coordinated, where that does not hang on these settings. */
  readonly coordinated?: boolean;
}

/** Checks settings that are right one by one as a whole, also what they point at. What is wrong is complained of. */
export async function resolveConfig(
  settings: Settings,
  { document, publishes, ...fixed }: ResolveOptions,
  context: Context,
): Promise<Config> {
  const { credentials = [], platform, feedback } = settings;
  const list = ['credentials'];
  const isListMissing = isMissing(context, list, settings.credentials, 'the accounts');
  if (!isListMissing && credentials.length === 0)
    context.complain(list, 'is empty: there is no account to serve');
  refuseSharedNames(credentials, context);

  const isStateChosen = settings.stateDir !== undefined || context.isWrong(['stateDir']);
  const isClustered = settings.cluster !== undefined || context.isWrong(['cluster']);
  const isInPod = Boolean(context.environment['KUBERNETES_SERVICE_HOST']);
  const { coordinated = isStateChosen || isClustered || !isInPod } = fixed;
  const found = await inTurns(
    credentials,
    AT_ONCE,
    async (credential, index) =>
      credential &&
      (await resolveCredential(credential, [...list, index], { platform, coordinated }, context)),
  );
  const resolved = found.filter((credential) => credential !== undefined);
  refuseSharedAccounts(resolved, context);
  const cluster = resolveCluster(settings, context);
  await refuseSharedKeys(resolved, cluster, context);
  refuseUnusedHosts(settings, resolved, context);

  const { paths, published, stateDir, inputs } = pathsOf(resolved, settings, document, context);
  if ((await areApart(paths, context)) && publishes) {
    // Others can do without a state folder: then a restart costs a call.
    const needsState =
      !isClustered && resolved.some(({ config }) => isFetched(config) && policyOf(config).destructive);
    await areWritable(published, needsState ? paths.state : undefined, context);
  }
  return {
    schedule: settings.schedule,
    stateDir,
    ...(await resolveStateFolder(settings, context)),
    ...(feedback.directory !== undefined && { feedbackDir: feedback.directory }),
    coordinated,
    ...(cluster && { cluster }),
    ...(await resolveServers(settings, context)),
    log: settings.log,
    inputs,
    credentials: resolved.flatMap(complete),
  };
}

/** What has no secret is not returned: that has been complained of. */
function complete({ config, targets }: Resolved | ResolvedMirror): CredentialConfig[] {
  const publish = targets.map(({ target }) => target);
  if (!isFetched(config)) return [{ ...config, publish }];
  const { secret, ...rest } = config;
  return secret ? [{ ...rest, secret, publish }] : [];
}

/** A host that is said for all and is right for none was meant for another platform. */
function refuseUnusedHosts(
  { platform }: Settings,
  resolved: readonly (Resolved | ResolvedMirror)[],
  context: Context,
): void {
  const { baseUrl } = platform;
  if (baseUrl === undefined || resolved.length === 0) return;
  const isUsed = ({ at, config }: Resolved | ResolvedMirror) =>
    context.isWrong([...at, 'type']) || !isFetched(config) || knows(baseUrl, kindOf(config.type));
  if (resolved.some(isUsed)) return;
  context.complain(['platform', 'baseUrl'], 'knows no credential of these types: it is of another platform');
}
