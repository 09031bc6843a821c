import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { MINUTE } from '../core/time.ts';
import { type Config, ConfigError, type Problem } from './config.ts';
import { unknownNames } from './names.ts';
import { type Complain, readPlatform, readSecret, readTarget } from './pointed-at.ts';
import { type Values, Variables } from './variables.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Pods that share nothing learn of a forced rotation elsewhere by asking again; WeChat recommends this rhythm. */
const RECHECK = 5 * MINUTE;

/**
 * Reads one credential, called `default`, from the environment. An empty variable counts as unset.
 * @throws {ConfigError} with everything that is wrong, also with the files that are pointed at
 */
export async function readEnvironment(environment: Environment): Promise<Config> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name.startsWith('WXTOKEN_') && value !== ''),
  );
  const problems: Problem[] = unknownNames(Object.keys(given), Object.keys(Variables.entries));
  const complain: Complain = (where, what) => {
    problems.push({ where, what });
  };
  const values = parse(given, complain);
  const inKubernetes = Boolean(environment['KUBERNETES_SERVICE_HOST']);
  const coordinated = values.WXTOKEN_STATE_DIR !== undefined || !inKubernetes;

  if (!given['WXTOKEN_APPID']) complain('WXTOKEN_APPID', 'is required: the AppID of the account');
  if (!given['WXTOKEN_SECRET_FILE'] && !given['WXTOKEN_SECRET']) {
    complain('WXTOKEN_SECRET_FILE', 'is required, or WXTOKEN_SECRET: where the AppSecret is');
  }
  if ([values.WXTOKEN_FILE, `${values.WXTOKEN_FILE}.json`].includes(values.WXTOKEN_SECRET_FILE ?? '')) {
    complain('WXTOKEN_SECRET_FILE', 'is a file that would be published: the AppSecret would be overwritten');
  }
  if (values.WXTOKEN_TYPE === 'access-token' && !coordinated && !values.WXTOKEN_ALLOW_UNCOORDINATED) {
    complain(
      'WXTOKEN_TYPE',
      'access-token in Kubernetes needs one refresher for all pods, since every fetch kills the token before: ' +
        'use stable-token, or name a shared folder in WXTOKEN_STATE_DIR, ' +
        'or set WXTOKEN_ALLOW_UNCOORDINATED=true if this is the only pod that will ever fetch',
    );
  }
  const [secret, platform, target] = await Promise.all([
    readSecret(values, complain),
    readPlatform(values, complain),
    readTarget(values, complain),
  ]);
  if (problems.length > 0 || !secret) throw new ConfigError(problems);

  return {
    schedule: values.WXTOKEN_SCHEDULE,
    stateDir: values.WXTOKEN_STATE_DIR ?? join(dirname(values.WXTOKEN_FILE), '.wx-token-sidecar'),
    ...(values.WXTOKEN_FEEDBACK_DIR !== undefined && { feedbackDir: values.WXTOKEN_FEEDBACK_DIR }),
    log: { level: values.WXTOKEN_LOG_LEVEL, format: values.WXTOKEN_LOG_FORMAT },
    credentials: [
      {
        name: 'default',
        type: values.WXTOKEN_TYPE,
        appId: values.WXTOKEN_APPID ?? '',
        secret,
        platform,
        window:
          values.WXTOKEN_TYPE === 'access-token' ? values.WXTOKEN_AHEAD : values.WXTOKEN_ROTATION_WINDOW,
        budget: {
          fetchesPerDay: values.WXTOKEN_FETCHES_PER_DAY,
          forcedPerDay: values.WXTOKEN_FORCED_PER_DAY,
        },
        coordinated,
        allowForce: values.WXTOKEN_ALLOW_FORCE,
        ...(!coordinated && { recheck: RECHECK }),
        publish: [target],
      },
    ],
  };
}

/** What is wrong is reported and left out, so that the rest can be checked in the same go. */
function parse(given: Environment, complain: Complain): Values {
  const { issues = [] } = v.safeParse(Variables, given);
  const wrong = new Set<string>();
  for (const issue of issues) {
    const name = v.getDotPath(issue)?.split('.')[0] ?? '';
    wrong.add(name);
    complain(name, issue.message);
  }
  return v.parse(Variables, Object.fromEntries(Object.entries(given).filter(([name]) => !wrong.has(name))));
}
