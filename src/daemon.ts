import { type Config, ConfigError, type CredentialConfig, type Problem } from './config/config.ts';
import { secretReader } from './config/secret-file.ts';
import { stateFolder } from './coordination/state-folder.ts';
import type { Clock } from './core/ports.ts';
import type { Logger } from './operations/logger.ts';
import { createNarrator } from './operations/narrator.ts';
import {
  createPlatform,
  createTransport,
  credentialKinds,
  fingerprintOf,
  type Transport,
} from './providers/index.ts';
import { createPublisher } from './publishers/index.ts';
import { createReconciler, type Reconciler, type Unit } from './reconciler.ts';

export interface DaemonOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What is configured, at work. Nothing happens without a {@link Reconciler.tick}. */
export interface Daemon extends Reconciler {
  readonly units: readonly Unit[];
}

/** A request under way at the end gets this long for its answer, in ms; the whole stop takes at most 5 s. */
const LAST_ANSWER = 3_500;

/**
 * Joins the edges and makes ready what they need.
 * @throws {ConfigError} when a target or a needed state folder cannot work as configured
 */
export async function startDaemon(config: Config, { clock, logger, random }: DaemonOptions): Promise<Daemon> {
  const folder = stateFolder(config.stateDir, (message) => logger.warn(message));
  const joined = config.credentials.map((credential) => join(credential));
  const units = joined.map(({ unit }) => unit);
  const problems = await prepare();
  if (problems.length > 0) throw new ConfigError(problems);

  const reconciler = createReconciler(units, { clock, random, report: createNarrator(logger) });
  return {
    ...reconciler,
    units,
    async stop() {
      const patience = setTimeout(reconciler.abort, LAST_ANSWER);
      await reconciler.stop();
      clearTimeout(patience);
      await Promise.all(joined.map(({ transport }) => transport.close()));
    },
  };

  function join(credential: CredentialConfig): { unit: Unit; transport: Transport } {
    const { name, type, appId, platform, window, budget, coordinated, allowForce, recheck } = credential;
    const transport = createTransport(platform);
    const account = `${platform.id}/${type}/${appId}`;
    const kind = credentialKinds[type];
    const secret = secretReader(credential.secret);
    const unit: Unit = {
      name,
      account,
      policy: kind.policy({
        window,
        budget,
        coordinated,
        refusalForces: allowForce,
        ...(recheck !== undefined && { recheck }),
      }),
      fingerprint: () =>
        secret().then(
          (value) => fingerprintOf(account, value),
          () => undefined,
        ),
      provider: kind.provider({
        appId,
        secret,
        platform: createPlatform(platform.hosts, transport, clock),
      }),
      store: folder.open(account),
      publishers: credential.publish.map((target) => createPublisher(target, { name, type, appId })),
    };
    return { unit, transport };
  }

  async function prepare(): Promise<Problem[]> {
    const targets = await Promise.all(
      units.flatMap(({ publishers }) =>
        publishers.map(async ({ id, prepare }) => (await prepare()).map((what) => ({ where: id, what }))),
      ),
    );
    const unusable = await folder.prepare();
    if (unusable === undefined) return targets.flat();
    const needed = units.some(({ policy }) => policy.destructive);
    if (needed)
      return [...targets.flat(), { where: 'state folder', what: `${unusable} (access-token needs it)` }];
    logger.warn(`${unusable}; going on without: a restart will cost a call`);
    return targets.flat();
  }
}
