import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { restartRequired } from '../config/validate/restart-required.ts';
import { type Backoff, backoffDelay } from '../core/failure.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import type { Logger } from '../observability/log/logger.ts';
import { type FilesWatch, marksOf, watchFiles } from '../system/fs/watch-files.ts';
import type { Daemon } from './daemon.ts';

export interface ReloadOptions {
  readonly config: Config;
  /** Reads the configuration anew, for a daemon that was started with another one. @throws {ConfigError} */
  readonly load: (running: Config) => Promise<Config>;
  readonly daemon: Pick<Daemon, 'reload'>;
  readonly logger: Logger;
  /** Told of a configuration that is at work now. */
  readonly applied: (config: Config) => void;
  /** Told of each change that was put to work or refused. */
  readonly told?: (result: 'applied' | 'refused') => void;
}

export interface Reloading {
  stop(): Promise<void>;
}

/**
 * What was refused is tried again: what stands in the way need not be a file that is watched. Seldomer and seldomer, since
 * a file may be a large one.
 */
const RETRY: Backoff = { first: 10 * SECOND, growth: 2, cap: 5 * MINUTE, jitter: 'added' };

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
  told = () => {},
}: ReloadOptions): Promise<Reloading> {
  let current = config;
  let watch: FilesWatch | undefined;
  let watched = '';
  let turn = Promise.resolve();
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;
  /** What was wrong when it was refused, so that it is told once. */
  let refused = '';
  let refusals = 0;
  /** How the inputs were found when they were read last. */
  let known = await marksOf(config.inputs);

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
    clearTimeout(retry);
    const inputs = current.inputs;
    const found = await marksOf(inputs);
    try {
      const next = await load(config);
      await daemon.reload(next);
      await watchInputs(next.inputs);
      const isSame = isDeepStrictEqual(next, current) && found === known;
      tellOfFixed(current, next);
      current = next;
      known = found;
      refused = '';
      applied(next);
      if (!isSame) {
        told('applied');
        logger.info('the configuration was read again', { credentials: next.credentials.length });
      }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      await watchInputs(error.inputs);
      refuse(error);
    }
    // Changed again while it was read: a watch that was replaced meanwhile may not have told.
    if ((await marksOf(inputs)) !== found) changed();
  }

  function refuse({ problems, message }: ConfigError): void {
    refusals = message === refused ? refusals + 1 : 1;
    retry = setTimeout(changed, backoffDelay(RETRY, refusals, 0)).unref();
    if (message === refused) return;
    refused = message;
    told('refused');
    for (const { where, what } of problems) logger.error(`${where}: ${what}`);
    logger.error('the configuration was changed and is wrong now; the one before goes on');
  }

  function tellOfFixed(before: Config, after: Config): void {
    for (const { what, isRunning } of restartRequired(before, after, config)) {
      if (isRunning) logger.info(`${what} is again the one at work`);
      else logger.warn(`${what} was changed, which takes a restart`);
    }
  }

  await watchInputs(config.inputs);
  // It may have changed since it was read for the start, when nobody watched.
  changed();
  return {
    async stop() {
      stopped = true;
      clearTimeout(retry);
      await watch?.close();
      await turn;
    },
  };
}
