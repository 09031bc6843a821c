import { resolve } from 'node:path';
import { programProblem } from '../system/process/program-problem.ts';
import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import { pathKey } from './key-path.ts';
import { createLabels } from './labels.ts';
import { CONFIG_VARIABLE, givenVariables, isAccountVariable } from './read/environment.ts';
import { readConfigFile } from './read/file.ts';
import { readSettings } from './read/settings.ts';
import { createReport } from './report.ts';
import { readAuthorities } from './resolve/authorities.ts';
import type { Context } from './resolve/context.ts';
import { resolveConfig } from './resolve/index.ts';
import { remembered } from './resolve/memoize.ts';
import { groupId } from './resolve/targets.ts';
import { untilRestart } from './validate/restart-required.ts';

export interface LoadOptions {
  /** A YAML or JSON file that an argument names; without one, WXTOKEN_CONFIG may. */
  readonly file?: string | undefined;
  /** Whether what is named is going to be written and run: then it is also told what could not be. Nothing is done to find out. */
  readonly publishes?: boolean;
  /** Whether AppSecrets are going to be used: then it is also told which of their files cannot be read. */
  readonly fetches?: boolean;
  /** The namespace of objects that are said without one; asked for only where it matters. */
  readonly namespace?: () => Promise<string | undefined>;
  /** What a daemon was started with: what it cannot change is what the rest has to fit. */
  readonly atWork?: Config;
}

/**
 * Reads the configuration: from the environment alone one credential, called `default`; with a file what that says, and
 * the environment goes before it. An empty variable counts as unset.
 * @throws {ConfigError} with everything that is wrong, also with the files that are pointed at
 */
export async function loadConfig(
  environment: Readonly<Record<string, string | undefined>>,
  { file: named, publishes = true, fetches = true, namespace, atWork }: LoadOptions = {},
): Promise<Config> {
  const given = givenVariables(environment);
  const path = named ?? given[CONFIG_VARIABLE];
  const document = path === undefined ? undefined : resolve(path);
  const file = document === undefined ? undefined : await readConfigFile(document);

  const hasList = file?.document !== undefined && Object.hasOwn(file.document, 'credentials');
  const isAccountGiven = !hasList && (!file || Object.keys(given).some(isAccountVariable));
  const labels = createLabels({ file, given: Object.keys(given), isAccountGiven });
  const inputs = document === undefined ? [] : [document];
  const report = createReport(labels, inputs);
  if (file?.problem !== undefined) {
    report.add(named === undefined ? CONFIG_VARIABLE : '--config', file.problem);
  }
  const { settings, wrong } = readSettings({ file, given, isAccountGiven }, report);
  if (!settings) throw new ConfigError(report.problems(), inputs);

  const askNamespace = remembered(async () => await namespace?.());
  const context: Context = {
    ...labels,
    environment,
    fetches,
    complain: report.complain,
    isWrong: (at) => at.some((_, index) => wrong.has(pathKey(at.slice(0, index + 1)))),
    namespace: () => askNamespace(''),
    groupId: remembered(groupId),
    programProblem: publishes ? remembered(programProblem) : async () => undefined,
    readAuthorities: remembered(readAuthorities),
  };
  const config = await resolveConfig(settings, { document, publishes }, context);
  const problems = report.problems();
  if (problems.length > 0) throw new ConfigError(problems, config.inputs);
  if (!atWork) return config;
  return untilRestart(config, atWork, async (fixed) => {
    const second = createReport(labels, inputs);
    const options = { document, publishes, coordinated: atWork.coordinated };
    const { credentials } = await resolveConfig(fixed(settings), options, {
      ...context,
      complain: second.complain,
    });
    return { credentials, problems: second.problems() };
  });
}
