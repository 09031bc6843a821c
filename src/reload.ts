import { type Config, ConfigError } from './config/config.ts';
import type { Daemon } from './daemon.ts';
import type { Logger } from './operations/logger.ts';
import { type FilesWatch, watchFiles } from './system/watch-files.ts';

export interface ReloadOptions {
  readonly config: Config;
  /** Reads the configuration anew. @throws {ConfigError} */
  readonly load: () => Promise<Config>;
  readonly daemon: Pick<Daemon, 'reload'>;
  readonly logger: Logger;
  /** Told of a configuration that is at work now. */
  readonly applied: (config: Config) => void;
}

export interface Reloading {
  stop(): Promise<void>;
}

/** What a running daemon cannot change, as people know it. */
const FIXED: readonly (readonly [what: string, of: (config: Config) => unknown])[] = [
  ['the state folder', ({ stateDir }) => stateDir],
  ['the mode of the state folder', ({ stateMode }) => stateMode],
  ['the group of the state folder', ({ stateGid }) => stateGid],
  ['the feedback folder', ({ feedbackDir }) => feedbackDir],
  ['the form of the log', ({ log }) => log.format],
  ['the level of the log', ({ log }) => log.level],
];

/**
 * Reads the configuration again whenever a file that it was made of changes. One that is good is put to work without a
 * restart; one that is not is reported, and the one before goes on.
 */
export async function reloadOnChange({
  config,
  load,
  daemon,
  logger,
  applied,
}: ReloadOptions): Promise<Reloading> {
  let current = config;
  let watch: FilesWatch | undefined;
  let watched = '';
  let turn = Promise.resolve();
  let stopped = false;

  async function watchInputs(inputs: readonly string[]): Promise<void> {
    if (inputs.length === 0 || inputs.join('\0') === watched) return;
    watched = inputs.join('\0');
    const before = watch;
    watch = await watchFiles(inputs, changed);
    await before?.close();
  }

  function changed(): void {
    turn = turn.then(reload).catch((error: unknown) => logger.error('unexpected', { error }));
  }

  async function reload(): Promise<void> {
    if (stopped) return;
    try {
      const next = await load();
      await daemon.reload(next);
      await watchInputs(next.inputs);
      tellOfFixed(current, next);
      current = next;
      applied(next);
      logger.info('the configuration was read again', { credentials: next.credentials.length });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      // What is missing now may come later, and make it right.
      await watchInputs(error.inputs);
      for (const { where, what } of error.problems) logger.error(`${where}: ${what}`);
      logger.error('the configuration was changed and is wrong now; the one before goes on');
    }
  }

  function tellOfFixed(before: Config, after: Config): void {
    for (const [what, of] of FIXED) {
      if (of(before) !== of(after)) logger.warn(`${what} was changed, which takes a restart`);
    }
  }

  await watchInputs(config.inputs);
  return {
    async stop() {
      stopped = true;
      await watch?.close();
      await turn;
    },
  };
}
