import { type CredentialConfig, isFetched } from '../config/config.ts';
import type { Problem } from '../config/config-error.ts';
import { isExposed } from '../config/secret-file.ts';
import { warningsOf } from '../config/validate/warnings.ts';
import type { StateFolder } from '../coordination/folder/state-folder.ts';
import type { Unit } from '../core/ports.ts';
import { en, type Text, verbatim, zh } from '../core/text.ts';
import type { Logger, Translation } from '../observability/log/logger.ts';
import { lstat, readlink, symlink, unlink } from '../system/fs/files.ts';

/**
 * Prepares the targets of units.
 * @returns everything that a person must change before the targets can work
 */
export async function prepareTargets(units: readonly Unit[]): Promise<Problem[]> {
  const publishers = units.flatMap((unit) => unit.publishers);
  const targets = await Promise.all(
    publishers.map(async (publisher) =>
      (await publisher.prepare()).map((what): Problem => ({ where: verbatim(publisher.id), what })),
    ),
  );
  const told = new Map<string, Problem>();
  // A problem that many targets share, of a folder or of the cluster, is reported once.
  for (const problem of targets.flat()) {
    if (!told.has(problem.what.en)) told.set(problem.what.en, problem);
  }
  return [...told.values()];
}

/** What messages call the state folder where no setting names it. */
export const STATE_FOLDER: Text = { en: 'state folder', zh: '状态目录' };

/**
 * Prepares the state folder. If the folder cannot be used, this logs only a warning, unless a unit needs the folder.
 * @returns the problem, when a unit cannot work without the folder
 */
export async function prepareFolder(
  folder: StateFolder,
  units: readonly Unit[],
  logger: Logger,
): Promise<Problem[]> {
  const unusable = await folder.prepare();
  if (unusable === undefined) return [];
  if (units.some(({ policy }) => policy.destructive)) {
    const what: Text = {
      en: en`${unusable} (access-token needs it)`,
      zh: zh`${unusable}（access-token 需要它）`,
    };
    return [{ where: STATE_FOLDER, what }];
  }
  logger.warn(`${unusable.en}; continuing without a state folder: a restart will cost a call`, {
    meaning: { zh: `${unusable.zh}；不用状态目录继续：重启会多一次调用` },
  });
  return [];
}

/**
 * Returns a function that logs warnings about the configuration. It logs each warning once while the warning lasts,
 * so that a new warning is logged when it appears.
 */
export function createConfigWarnings(
  logger: Logger,
): (credentials: readonly CredentialConfig[]) => Promise<void> {
  let told: ReadonlySet<string> = new Set();
  return async (credentials) => {
    const found = await Promise.all(credentials.map(configWarningsOf));
    for (const { line, fields } of found.flat()) {
      if (!told.has(`${fields.credential} ${line}`)) logger.warn(line, fields);
    }
    told = new Set(found.flat().map(({ line, fields }) => `${fields.credential} ${line}`));
  };
}

interface ConfigWarning {
  readonly line: string;
  readonly fields: { readonly credential: string; readonly advice?: Text; readonly meaning?: Translation };
}

async function configWarningsOf(config: CredentialConfig): Promise<ConfigWarning[]> {
  const { name } = config;
  const warnings: ConfigWarning[] = warningsOf(config).map(({ en: line, zh }) => ({
    line,
    fields: { credential: name, meaning: { zh } },
  }));
  const file = isFetched(config) && 'file' in config.secret ? config.secret.file : undefined;
  if (file === undefined || !(await isExposed(file))) return warnings;
  const line = `everyone who gets at the secret file ${file} may read it`;
  const advice: Text = {
    en:
      'let the daemon alone read it: chmod o= and its own group; in Kubernetes defaultMode: 0440 of the volume, ' +
      'with securityContext.fsGroup',
    zh:
      '只让守护进程能读它：chmod o=，并设为守护进程自己的组；Kubernetes 里用卷的 defaultMode: 0440 和 ' +
      'securityContext.fsGroup',
  };
  return [...warnings, { line, fields: { credential: name, advice } }];
}

/**
 * Places links to the state folder beside the files that are published elsewhere, so that the folder is found when the
 * account beside whose files it lies is gone. A link is a convenience: where it cannot be placed nothing is said.
 */
export async function placeStateLinks(stateDir: string, links: readonly string[]): Promise<void> {
  await Promise.all(
    links.map(async (path) => {
      try {
        // What `links` names leads nowhere, if it is there at all.
        const found = await lstat(path).catch(() => undefined);
        if (found?.isSymbolicLink()) await unlink(path);
        else if (found) return;
        await symlink(stateDir, path);
      } catch {}
    }),
  );
}

/**
 * Removes what is no folder where a new default state folder is to be made: a link to a folder that is gone, or one of
 * another user, whom the records are not for. A file stays, for a person to look at.
 */
export async function clearStrayLink(stateDir: string, logger: Logger): Promise<void> {
  const target = await readlink(stateDir).catch(() => undefined);
  if (target === undefined) return;
  const isGone = await unlink(stateDir).then(
    () => true,
    () => false,
  );
  const why = 'it is gone, or the link is of another user';
  if (isGone) logger.warn(`${stateDir} led to ${target} (${why}): a new state folder takes its place`);
}
