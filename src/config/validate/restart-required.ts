import { isDeepStrictEqual } from 'node:util';
import { allOf, en, type Text, zh } from '../../core/text.ts';
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
  readonly what: Text;
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
  cluster: [{ what: { en: 'the cluster', zh: '集群' }, of: ({ cluster }) => cluster, keep: withCluster }],
  redis: [
    {
      what: { en: 'the list of connections to Redis', zh: 'Redis 连接的列表' },
      of: ({ redis }) => redis,
      // Not in the settings: what was checked at the start is used as it is, see `load.ts`.
      keep: (settings) => settings,
    },
  ],
  state: [{ what: { en: 'the shared state', zh: '共享状态' }, of: ({ state }) => state, keep: withState }],
  stateDir: [
    {
      what: { en: 'the state folder', zh: '状态目录' },
      of: ({ stateDir }) => stateDir,
      keep: (settings, { stateDir }) => ({ ...settings, stateDir }),
    },
  ],
  stateMode: [
    { what: { en: 'the mode of the state folder', zh: '状态目录的权限' }, of: ({ stateMode }) => stateMode },
  ],
  stateGid: [
    { what: { en: 'the group of the state folder', zh: '状态目录的属组' }, of: ({ stateGid }) => stateGid },
  ],
  feedbackDir: [
    {
      what: { en: 'the feedback folder', zh: '反馈目录' },
      of: ({ feedbackDir }) => feedbackDir,
      keep: (settings, { feedbackDir }) => ({
        ...settings,
        feedback: { ...settings.feedback, directory: feedbackDir },
      }),
    },
  ],
  http: [
    {
      what: { en: 'the address of health and metrics', zh: '健康检查和指标的地址' },
      of: ({ http }) => http?.listen,
    },
    {
      what: {
        en: 'the list of allowed hosts of health and metrics',
        zh: '健康检查和指标允许的主机名列表',
      },
      of: ({ http }) => http?.allowedHosts,
    },
  ],
  tokenServer: [
    {
      what: { en: 'the address of the token server', zh: 'token 服务的地址' },
      of: ({ tokenServer }) => tokenServer?.listen,
    },
  ],
  language: [{ what: { en: 'the language', zh: '语言' }, of: ({ language }) => language }],
  push: [
    {
      what: { en: 'the address of the push receiver', zh: '推送接收端的地址' },
      of: ({ push }) => push?.listen,
    },
  ],
  log: [
    { what: { en: 'the log format', zh: '日志格式' }, of: ({ log }) => log.format },
    { what: { en: 'the log level', zh: '日志级别' }, of: ({ log }) => log.level },
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
): readonly { readonly what: Text; readonly isRunning: boolean }[] {
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
  const names = allOf(changed);
  const why: Text = {
    en: en`needs a restart, since ${names} cannot change before; as it is now`,
    zh: zh`需要重启，因为在此之前${names}不能改变；按现在的设置`,
  };
  throw new ConfigError(
    problems.map(({ where, what }) => ({
      where,
      what: { en: en`${why}: ${what}`, zh: zh`${why}：${what}` },
    })),
    { inputs: next.inputs, language: running.language },
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
