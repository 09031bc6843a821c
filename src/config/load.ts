import { resolve } from 'node:path';
import { verbatim } from '../core/text.ts';
import { pathKey } from '../schema/key-path.ts';
import { endsProblem } from '../schema/odd-text.ts';
import { programProblem } from '../system/process/program-problem.ts';
import type { Config } from './config.ts';
import { ConfigError, type Reading } from './config-error.ts';
import { createLabels } from './labels.ts';
import { CONFIG_VARIABLE, givenVariables, isAccountVariable } from './read/environment.ts';
import { readConfigFile } from './read/file.ts';
import { inputReader, type WasRead } from './read/input.ts';
import { languageSaid } from './read/language.ts';
import { readSettings } from './read/settings.ts';
import { createReport } from './report.ts';
import { readAuthorities } from './resolve/authorities.ts';
import type { Context } from './resolve/context.ts';
import { resolveConfig } from './resolve/index.ts';
import { memoized } from './resolve/memoize.ts';
import { groupId } from './resolve/targets.ts';
import { createSharing } from './sharing.ts';
import { applyWithoutRestart } from './validate/restart-required.ts';

/** How a configuration is read, and what the caller will do with it. */
export interface LoadOptions {
  /** The YAML or JSON file that a command-line argument names; if absent, `WXTOKEN_CONFIG` may name one. */
  readonly file?: string | undefined;
  /**
   * Whether the caller will write targets and run programs. If true, targets that could not be written and programs
   * that could not be run are reported as well. Checking changes nothing.
   */
  readonly publishes?: boolean;
  /** Whether the caller will use AppSecrets. If true, AppSecret files that cannot be read are reported as well. */
  readonly fetches?: boolean;
  /** Finds the namespace of objects that are configured without one; called only if it is needed. */
  readonly namespace?: () => Promise<string | undefined>;
  /**
   * The configuration that a running daemon was started with. The new configuration must work with those of its
   * settings that need a restart.
   */
  readonly running?: Config;
  /**
   * Called with every file of {@link Config.inputs} that was read, and with what the open file was before its content
   * was read, so that a later change of it can be told.
   */
  readonly wasRead?: WasRead;
}

/**
 * Reads and checks the configuration. Without a file, the environment configures one credential, called `default`.
 * With a file, the environment takes precedence over the file. An empty variable counts as unset.
 * @param environment the environment variables of the process
 * @returns the configuration, with durations in ms
 * @throws {ConfigError} with every problem, including problems of the files that the configuration names, and with the
 *   language that the configuration says, as far as that can be read
 */
export async function loadConfig(
  environment: Readonly<Record<string, string | undefined>>,
  { file: named, publishes = true, fetches = true, namespace, running, wasRead }: LoadOptions = {},
): Promise<Config> {
  const given = givenVariables(environment);
  const path = named ?? given[CONFIG_VARIABLE];
  const document = path === undefined ? undefined : resolve(path);
  const readInput = inputReader(wasRead);
  const file = document === undefined ? undefined : await readConfigFile(document, readInput);

  const hasList = file?.document !== undefined && Object.hasOwn(file.document, 'credentials');
  const isAccountGiven = !hasList && (!file || Object.keys(given).some(isAccountVariable));
  const labels = createLabels({ file, given: Object.keys(given), isAccountGiven });
  const reading: Reading = {
    inputs: document === undefined ? [] : [document],
    language: languageSaid(given, file),
  };
  const report = createReport(labels, reading);
  if (file?.problem !== undefined) {
    const ends = path === undefined ? undefined : endsProblem(path);
    report.add(verbatim(named === undefined ? CONFIG_VARIABLE : '--config'), ends ?? file.problem);
  }
  const { settings, wrong } = readSettings({ file, given, isAccountGiven }, report);
  if (!settings) throw new ConfigError(report.problems(), reading);

  const askNamespace = memoized(async () => await namespace?.());
  const context: Context = {
    ...labels,
    environment,
    fetches,
    complain: report.complain,
    isWrong: (at) => at.some((_, index) => wrong.has(pathKey(at.slice(0, index + 1)))),
    namespace: () => askNamespace(''),
    groupId: memoized(groupId),
    programProblem: publishes ? memoized(programProblem) : async () => undefined,
    readInput,
    share: createSharing(),
    readAuthorities: memoized((path) => readAuthorities(path, readInput)),
  };
  const config = await resolveConfig(settings, { document, publishes }, context);
  const problems = report.problems();
  if (problems.length > 0) throw new ConfigError(problems, { ...reading, inputs: config.inputs });
  if (!running) return config;
  return applyWithoutRestart(config, running, async (adapt) => {
    const second = createReport(labels, reading);
    const options = { document, publishes, coordinated: running.coordinated, redis: running.redis ?? [] };
    const { credentials, many } = await resolveConfig(adapt(settings), options, {
      ...context,
      complain: second.complain,
    });
    return { credentials, ...(many && { many }), problems: second.problems() };
  });
}
