import { isDeepStrictEqual } from 'node:util';
import { realpath } from '../../system/fs/files.ts';
import type { Config, CredentialConfig, ManyConfig } from '../config.ts';
import { ConfigError, type Problem } from '../config-error.ts';
import type { Settings } from '../schema/index.ts';

/** The keys of a configuration that a running daemon takes over, and those that follow from other keys. */
type ReloadedKey =
  | 'schedule'
  | 'onHangup'
  | 'credentials'
  | 'many'
  | 'coordinated'
  | 'inputs'
  | 'stateOrigin'
  | 'stateElsewhere'
  | 'stateLinks';

/** A setting that a running daemon cannot change. */
interface RestartRequired {
  /** What messages call the setting. */
  readonly what: string;
  readonly of: (config: Config) => unknown;
  /**
   * Replaces the setting by that of the running daemon. Present for settings that the credentials must fit: their
   * validity depends on this one.
   */
  readonly keep?: (settings: Settings, running: Config) => Settings;
}

/**
 * The settings that a running daemon cannot change, by the keys of the configuration. The compiler rejects a new key of
 * `Config` that is neither here nor a {@link ReloadedKey}.
 */
const TABLE: Readonly<Record<Exclude<keyof Config, ReloadedKey>, readonly RestartRequired[]>> = {
  cluster: [{ what: 'the cluster', of: ({ cluster }) => cluster, keep: withCluster }],
  redis: [
    {
      what: 'the list of connections to Redis',
      of: ({ redis }) => redis,
      // Not in the settings: what was checked at the start is used as it is, see `load.ts`.
      keep: (settings) => settings,
    },
  ],
  state: [{ what: 'the shared state', of: ({ state }) => state, keep: withState }],
  stateDir: [
    {
      what: 'the state folder',
      of: ({ stateDir }) => stateDir,
      keep: (settings, { stateDir }) => ({ ...settings, stateDir }),
    },
  ],
  stateMode: [{ what: 'the mode of the state folder', of: ({ stateMode }) => stateMode }],
  stateGid: [{ what: 'the group of the state folder', of: ({ stateGid }) => stateGid }],
  feedbackDir: [
    {
      what: 'the feedback folder',
      of: ({ feedbackDir }) => feedbackDir,
      keep: (settings, { feedbackDir }) => ({
        ...settings,
        feedback: { ...settings.feedback, directory: feedbackDir },
      }),
    },
  ],
  http: [
    { what: 'the address of health and metrics', of: ({ http }) => http?.listen },
    { what: 'the list of allowed hosts of health and metrics', of: ({ http }) => http?.allowedHosts },
  ],
  tokenServer: [{ what: 'the address of the token server', of: ({ tokenServer }) => tokenServer?.listen }],
  language: [{ what: 'the language', of: ({ language }) => language }],
  push: [{ what: 'the address of the push receiver', of: ({ push }) => push?.listen }],
  log: [
    { what: 'the log format', of: ({ log }) => log.format },
    { what: 'the log level', of: ({ log }) => log.level },
  ],
};

const settingsOf: readonly RestartRequired[] = Object.values(TABLE).flat();

/**
 * Finds the settings that differ between two configurations and that a running daemon cannot change.
 * @returns for each of them what messages call it, and whether `after` sets it to the value of `running`
 */
export function restartRequired(
  before: Config,
  after: Config,
  running: Config,
): readonly { readonly what: string; readonly isRunning: boolean }[] {
  return settingsOf
    .filter(({ of }) => !isDeepStrictEqual(of(before), of(after)))
    .map(({ what, of }) => ({ what, isRunning: isDeepStrictEqual(of(after), of(running)) }));
}

/** The outcome of checking settings once more. */
interface Checked {
  readonly credentials: readonly CredentialConfig[];
  readonly many?: readonly ManyConfig[];
  readonly problems: readonly Problem[];
}

/**
 * Makes a new configuration fit a running daemon. Changes of the cluster and of folders take effect only after a
 * restart, so the credentials must also be valid with the current ones; they are returned as those make them.
 * @param loaded the new configuration, valid by itself
 * @param running the configuration that the daemon was started with
 * @param check checks the new settings again, after altering them
 * @throws {ConfigError} with the problems that only a restart would solve
 */
export async function applyWithoutRestart(
  loaded: Config,
  running: Config,
  check: (altered: (settings: Settings) => Settings) => Promise<Checked>,
): Promise<Config> {
  const next = await withRunningState(loaded, running);
  const kept = settingsOf.filter(({ keep }) => keep);
  const changed = kept.filter(({ of }) => !isDeepStrictEqual(of(next), of(running))).map(({ what }) => what);
  if (changed.length === 0) return next;
  const { problems, ...checked } = await check((settings) =>
    kept.reduce((altered, { keep }) => keep?.(altered, running) ?? altered, settings),
  );
  if (problems.length === 0) return { ...next, ...checked };
  const why = `needs a restart, since ${changed.join(' and ')} cannot change before; as it is now`;
  throw new ConfigError(
    problems.map(({ where, what }) => ({ where, what: `${why}: ${what}` })),
    next.inputs,
  );
}

function withCluster(settings: Settings, { cluster }: Config): Settings {
  const { cluster: _other, ...rest } = settings;
  return cluster ? { ...rest, cluster } : rest;
}

function withState(settings: Settings, { state }: Config): Settings {
  const { state: _other, ...rest } = settings;
  return state ? { ...rest, state } : rest;
}

/**
 * A default state folder that was found at the start stays the one of the running daemon, wherever files are published
 * now: links from there are to lead to it. Only another folder with state in it takes a restart.
 */
async function withRunningState(next: Config, running: Config): Promise<Config> {
  const { stateDir } = running;
  if (running.stateOrigin === 'chosen' || next.stateOrigin === 'chosen' || next.stateDir === stateDir)
    return next;
  // A new folder is made at the start alone.
  if (next.stateOrigin === 'new')
    return { ...next, stateDir, stateLinks: [next.stateDir, ...next.stateLinks] };
  const [found, kept] = await Promise.all(
    [next.stateDir, stateDir].map((path) => realpath(path).catch(() => path)),
  );
  return found === kept ? { ...next, stateDir } : next;
}
