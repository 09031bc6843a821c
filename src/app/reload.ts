import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.ts';
import { ConfigError, problemLine } from '../config/config-error.ts';
import { restartRequired } from '../config/validate/restart-required.ts';
import { type Backoff, backoffDelay } from '../core/failure.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import type { Logger } from '../observability/log/logger.ts';
import { type FilesWatch, marksOf, watchFiles } from '../system/fs/watch-files.ts';
import type { Daemon } from './daemon.ts';

export interface ReloadOptions {
  readonly config: Config;
  /** What the input files were when `config` was read from them, as `marksOf` writes it. */
  readonly marks: string;
  /**
   * Reads the configuration again, for a daemon that was started with `running`.
   * @throws {ConfigError} with its problems
   */
  readonly load: (running: Config) => Promise<Config>;
  readonly daemon: Pick<Daemon, 'reload'>;
  readonly logger: Logger;
  /** Called with a configuration that was applied. */
  readonly applied: (config: Config) => void;
  /** Called for each change that was applied or refused. */
  readonly told?: (result: 'applied' | 'refused') => void;
}

export interface Reloading {
  stop(): Promise<void>;
}

/**
 * A refused configuration is tried again, since the obstacle need not be a file that is watched. The interval grows,
 * since the file may be large.
 */
const RETRY: Backoff = { first: 10 * SECOND, growth: 2, cap: 5 * MINUTE, jitter: 'added' };

/** A configuration without what was found on the disk: the daemon itself makes its state folder and the links to it. */
function asWritten(config: Config): Config {
  return { ...config, stateOrigin: 'found', stateElsewhere: [], stateLinks: [] };
}

/**
 * Reads the configuration again whenever one of its files changes. A valid configuration is applied without a
 * restart; an invalid one is reported, and the current one stays in force.
 */
export async function reloadOnChange({
  config,
  marks,
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
  /** The problems of the refused configuration, so that they are logged once. */
  let refused = '';
  let refusals = 0;
  /** State of the input files when they were last read. */
  let known = marks;

  async function watchInputs(inputs: readonly string[]): Promise<void> {
    if (inputs.length === 0 || inputs.join('\0') === watched) return;
    watched = inputs.join('\0');
    const before = watch;
    watch = await watchFiles(inputs, changed);
    await before?.close();
  }

  function changed(): void {
    turn = turn.then(reload).catch((error: unknown) => logger.error('unexpected error', { error }));
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
      const isSame = isDeepStrictEqual(asWritten(next), asWritten(current)) && found === known;
      reportRestartOnly(current, next);
      current = next;
      known = found;
      refused = '';
      applied(next);
      if (!isSame) {
        told('applied');
        logger.info('configuration reloaded', { credentials: next.credentials.length });
      }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      await watchInputs(error.inputs);
      refuse(error);
    }
    // The files changed while they were being read, and a watch that was replaced meanwhile may have missed it.
    if ((await marksOf(inputs)) !== found) changed();
  }

  function refuse({ problems, message }: ConfigError): void {
    refusals = message === refused ? refusals + 1 : 1;
    retry = setTimeout(changed, backoffDelay(RETRY, refusals, 0)).unref();
    if (message === refused) return;
    refused = message;
    told('refused');
    for (const problem of problems) {
      const { en, zh } = problemLine(problem);
      logger.error(en, { meaning: { zh } });
    }
    logger.error('configuration reload failed: the previous configuration stays in force', {
      meaning: { zh: '重新加载配置失败：之前的配置继续有效' },
    });
  }

  function reportRestartOnly(before: Config, after: Config): void {
    for (const { what, isRunning } of restartRequired(before, after, config)) {
      if (isRunning) {
        logger.info(`${what.en} was changed back: no restart required`, {
          meaning: { zh: `${what.zh}改回来了：不需要重启` },
        });
      } else {
        logger.warn(`${what.en} was changed: restart required`, {
          meaning: { zh: `${what.zh}改变了：需要重启` },
        });
      }
    }
  }

  await watchInputs(config.inputs);
  // The files may have changed between the read at the start and the start of the watch. If they have not, they are not
  // read again: that would stir every account while its first fetch is under way.
  if ((await marksOf(config.inputs, known)) !== known) changed();
  return {
    async stop() {
      stopped = true;
      clearTimeout(retry);
      await watch?.close();
      await turn;
    },
  };
}
