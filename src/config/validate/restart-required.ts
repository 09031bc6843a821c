import { isDeepStrictEqual } from 'node:util';
import type { Config, CredentialConfig } from '../config.ts';
import { ConfigError, type Problem } from '../config-error.ts';
import type { Settings } from '../schema/index.ts';

/** What the rest of a configuration has to fit, and a running daemon cannot change. */
const GROUND: readonly (readonly [what: string, of: (config: Config) => unknown])[] = [
  ['the cluster', ({ cluster }) => cluster],
  ['the state folder', ({ stateDir }) => stateDir],
  ['the feedback folder', ({ feedbackDir }) => feedbackDir],
];

interface Checked {
  readonly credentials: readonly CredentialConfig[];
  readonly problems: readonly Problem[];
}

/**
 * A new configuration for a running daemon. What it says of the cluster and of folders counts after a restart alone, so
 * its credentials must be right with those at work as well, and are what they are with those.
 * @param check checks the settings, altered so, once more
 * @throws {ConfigError} what would be right after a restart alone
 */
export async function untilRestart(
  next: Config,
  atWork: Config,
  check: (altered: (settings: Settings) => Settings) => Promise<Checked>,
): Promise<Config> {
  const changed = GROUND.filter(([, of]) => !isDeepStrictEqual(of(next), of(atWork))).map(([what]) => what);
  if (changed.length === 0) return next;
  const { credentials, problems } = await check((settings) => settingsAtWork(settings, atWork));
  if (problems.length === 0) return { ...next, credentials };
  const why = `needs a restart, since ${changed.join(' and ')} cannot change before; as it is now`;
  throw new ConfigError(
    problems.map(({ where, what }) => ({ where, what: `${why}: ${what}` })),
    next.inputs,
  );
}

function settingsAtWork(settings: Settings, { cluster, stateDir, feedbackDir }: Config): Settings {
  const { cluster: _other, ...rest } = settings;
  return {
    ...rest,
    stateDir,
    feedback: { ...settings.feedback, directory: feedbackDir },
    ...(cluster && { cluster }),
  };
}
