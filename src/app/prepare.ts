import { type CredentialConfig, isFetched } from '../config/config.ts';
import type { Problem } from '../config/config-error.ts';
import { isExposed } from '../config/secret-file.ts';
import { warningsOf } from '../config/validate/warnings.ts';
import type { StateFolder } from '../coordination/folder/state-folder.ts';
import type { Unit } from '../core/ports.ts';
import type { Logger } from '../observability/log/logger.ts';

/** Makes ready where units publish. @returns everything that a person must change before that can work */
export async function prepareTargets(units: readonly Unit[]): Promise<Problem[]> {
  const publishers = units.flatMap((unit) => unit.publishers);
  const targets = await Promise.all(
    publishers.map(async ({ id, prepare }) =>
      [...new Set(await prepare())].map((what) => ({ where: id, what })),
    ),
  );
  const told = new Map<string, Problem>();
  // What many share, a folder or a cluster, is told once.
  for (const problem of targets.flat()) if (!told.has(problem.what)) told.set(problem.what, problem);
  return [...told.values()];
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

/** Tells of what may be regretted: each once for as long as it lasts, so that what is new is told when it comes. */
export function createCautions(logger: Logger): (credentials: readonly CredentialConfig[]) => Promise<void> {
  let told: ReadonlySet<string> = new Set();
  return async (credentials) => {
    const found = await Promise.all(credentials.map(cautionsOf));
    for (const { line, fields } of found.flat()) {
      if (!told.has(`${fields.credential} ${line}`)) logger.warn(line, fields);
    }
    told = new Set(found.flat().map(({ line, fields }) => `${fields.credential} ${line}`));
  };
}

interface Caution {
  readonly line: string;
  readonly fields: { readonly credential: string; readonly advice?: string };
}

async function cautionsOf(config: CredentialConfig): Promise<Caution[]> {
  const { name } = config;
  const cautions: Caution[] = warningsOf(config).map((line) => ({ line, fields: { credential: name } }));
  const file = isFetched(config) && 'file' in config.secret ? config.secret.file : undefined;
  if (file === undefined || !(await isExposed(file))) return cautions;
  const line = `everyone who gets at the secret file ${file} may read it`;
  const advice =
    'let the daemon alone read it: chmod o= and its own group; in Kubernetes defaultMode: 0440 of the volume, ' +
    'with securityContext.fsGroup';
  return [...cautions, { line, fields: { credential: name, advice } }];
}
