import { isDeepStrictEqual } from 'node:util';
import type { Config, CredentialConfig } from '../config.ts';
import { ConfigError, type Problem } from '../config-error.ts';
import type { Settings } from '../schema/index.ts';

/** Settings that a running daemon cannot change and that the credentials must fit. */
const RESTART_REQUIRED: readonly (readonly [what: string, of: (config: Config) => unknown])[] = [
  ['the cluster', ({ cluster }) => cluster],
  ['the state folder', ({ stateDir }) => stateDir],
  ['the feedback folder', ({ feedbackDir }) => feedbackDir],
];

/** The outcome of checking settings once more. */
interface Checked {
  readonly credentials: readonly CredentialConfig[];
  readonly problems: readonly Problem[];
}

/**
 * Makes a new configuration fit a running daemon. Changes of the cluster and of folders take effect only after a
 * restart, so the credentials must also be valid with the current ones; they are returned as those make them.
 * @param next the new configuration, valid by itself
 * @param running the configuration that the daemon was started with
 * @param check checks the new settings again, after altering them
 * @throws {ConfigError} with the problems that only a restart would solve
 */
export async function applyWithoutRestart(
  next: Config,
  running: Config,
  check: (altered: (settings: Settings) => Settings) => Promise<Checked>,
): Promise<Config> {
  const changed = RESTART_REQUIRED.filter(([, of]) => !isDeepStrictEqual(of(next), of(running))).map(
    ([what]) => what,
  );
  if (changed.length === 0) return next;
  const { credentials, problems } = await check((settings) => withRunning(settings, running));
  if (problems.length === 0) return { ...next, credentials };
  const why = `needs a restart, since ${changed.join(' and ')} cannot change before; as it is now`;
  throw new ConfigError(
    problems.map(({ where, what }) => ({ where, what: `${why}: ${what}` })),
    next.inputs,
  );
}

function withRunning(settings: Settings, { cluster, stateDir, feedbackDir }: Config): Settings {
  const { cluster: _other, ...rest } = settings;
  return {
    ...rest,
    stateDir,
    feedback: { ...settings.feedback, directory: feedbackDir },
    ...(cluster && { cluster }),
  };
}
