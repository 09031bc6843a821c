import type { CredentialConfig, Problem } from './config/config.ts';
import { isExposed } from './config/secret-file.ts';
import type { StateFolder } from './coordination/state-folder.ts';
import type { Unit } from './core/ports.ts';
import type { Logger } from './operations/logger.ts';

/** Makes ready where units publish. @returns everything that a person must change before that can work */
export async function prepareTargets(units: readonly Unit[]): Promise<Problem[]> {
  const publishers = units.flatMap((unit) => unit.publishers);
  const targets = await Promise.all(
    publishers.map(async ({ id, prepare }) =>
      [...new Set(await prepare())].map((what) => ({ where: id, what })),
    ),
  );
  return targets.flat();
}

/** @returns why the state folder cannot be used, where it cannot be done without */
export async function prepareFolder(
  folder: StateFolder,
  units: readonly Unit[],
  logger: Logger,
): Promise<Problem[]> {
  const unusable = await folder.prepare();
  if (unusable === undefined) return [];
  if (units.some(({ policy }) => policy.destructive)) {
    return [{ where: 'state folder', what: `${unusable} (access-token needs it)` }];
  }
  logger.warn(`${unusable}; going on without: a restart will cost a call`);
  return [];
}

export async function warnOfExposedSecrets(
  credentials: readonly CredentialConfig[],
  logger: Logger,
): Promise<void> {
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
