import { type Config, ConfigError, type Problem } from './config/config.ts';
import { isExposed } from './config/secret-file.ts';
import { refreshDesk } from './coordination/refresh-desk.ts';
import { requestFolder } from './coordination/request-folder.ts';
import { type StateFolder, stateFolder } from './coordination/state-folder.ts';
import type { Clock, Unit } from './core/ports.ts';
import { feedbackFolder } from './operations/feedback-folder.ts';
import type { Logger } from './operations/logger.ts';
import { createNarrator } from './operations/narrator.ts';
import { createReconciler, type Reconciler } from './reconciler.ts';
import { joinUnit } from './unit.ts';

export interface DaemonOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What is configured, at work. Nothing happens without a {@link Reconciler.tick}. */
export interface Daemon extends Reconciler {
  readonly units: readonly Unit[];
  /** @param lastAnswer how long a request under way may still take, in ms */
  stop(lastAnswer?: number): Promise<void>;
}

/** Long enough for a slow answer, short enough for the five seconds in which a stop is over. */
export const LAST_ANSWER = 3_500;

/**
 * Joins the edges and makes ready what they need.
 * @throws {ConfigError} when a target or a needed state folder cannot work as configured
 */
export async function startDaemon(config: Config, { clock, logger, random }: DaemonOptions): Promise<Daemon> {
  const folder = stateFolder(config.stateDir, clock, (message) => logger.warn(message));
  const joined = config.credentials.map((credential) => joinUnit(credential, folder, clock));
  const units = joined.map(({ unit }) => unit);
  const problems = await prepare(units, folder, logger);
  if (problems.length > 0) throw new ConfigError(problems);
  await warnOfExposedSecrets(config, logger);

  const reconciler = createReconciler(units, { clock, random, report: createNarrator(logger) });
  const policies = new Map(units.map(({ name, policy }) => [name, policy]));
  const desk = refreshDesk(requestFolder(config.stateDir), policies, reconciler, clock);
  const feedback = config.feedbackDir === undefined ? undefined : feedbackFolder(config.feedbackDir);
  const watch = folder.watch(reconciler.stir, () => background(desk.serve()));

  function background(work: Promise<void>): void {
    work.catch((error: unknown) => logger.error('unexpected', { error }));
  }

  return {
    ...reconciler,
    units,
    tick() {
      if (!watch.works()) for (const { account } of units) reconciler.stir(account);
      reconciler.tick();
      background(desk.serve());
      if (feedback) background(feedback.scan(reconciler.refuse));
    },
    async stop(lastAnswer = LAST_ANSWER) {
      const patience = setTimeout(reconciler.abort, lastAnswer);
      await reconciler.stop();
      clearTimeout(patience);
      await Promise.all([watch.close(), ...joined.map(({ close }) => close())]);
    },
  };
}

async function warnOfExposedSecrets({ credentials }: Config, logger: Logger): Promise<void> {
  for (const { name, secret } of credentials) {
    if (!('file' in secret) || !(await isExposed(secret.file))) continue;
    logger.warn(`everyone who gets at the secret file ${secret.file} may read it`, {
      credential: name,
      advice:
        'let the daemon alone read it: chmod o= and its own group; in Kubernetes defaultMode: 0440 of the volume, ' +
        'with securityContext.fsGroup',
    });
  }
}

/** Everything that a person must change before this can work. */
async function prepare(units: readonly Unit[], folder: StateFolder, logger: Logger): Promise<Problem[]> {
  const publishers = units.flatMap((unit) => unit.publishers);
  const targets = await Promise.all(
    publishers.map(async ({ id, prepare }) =>
      [...new Set(await prepare())].map((what) => ({ where: id, what })),
    ),
  );
  const problems = targets.flat();
  // Often one fault is behind both; and nothing more is to be created where it cannot go on.
  if (problems.length > 0) return problems;
  const unusable = await folder.prepare();
  if (unusable === undefined) return [];
  if (units.some(({ policy }) => policy.destructive)) {
    return [{ where: 'state folder', what: `${unusable} (access-token needs it)` }];
  }
  logger.warn(`${unusable}; going on without: a restart will cost a call`);
  return [];
}
