import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { failureOf } from '../core/failure.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import {
  type Config,
  ConfigError,
  type FileTargetConfig,
  type PlatformConfig,
  type Problem,
  type SecretSource,
} from './config.ts';
import { isLoopback } from './fields.ts';
import { groupId } from './group.ts';
import { unknownNames } from './names.ts';
import { parseSecret, readSecretFile } from './secret-file.ts';
import { type Values, Variables } from './variables.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Complain = (where: string, what: string) => void;

/** WeChat's nearest entry, and the one for disaster recovery. */
const PLATFORM_HOSTS = ['https://api.weixin.qq.com', 'https://api2.weixin.qq.com'];

/** WeChat allows a new account 2000 fetches a day, and 20 forced refreshes of a stable token. */
const BUDGET = { fetchesPerDay: 2000, forcedPerDay: 20 };

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
        budget: BUDGET,
        coordinated,
        allowForce: false,
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

async function readSecret(values: Values, complain: Complain): Promise<SecretSource | undefined> {
  const { WXTOKEN_SECRET_FILE: file, WXTOKEN_SECRET: value } = values;
  if (file !== undefined) {
    await readSecretFile(file).catch((error) =>
      complain('WXTOKEN_SECRET_FILE', failureOf(error, 'unsent').message),
    );
    return { file };
  }
  if (value === undefined) return undefined;
  const { secret, problem } = parseSecret(value);
  if (secret) return { value: secret };
  complain('WXTOKEN_SECRET', problem);
  return undefined;
}

async function readPlatform(values: Values, complain: Complain): Promise<PlatformConfig> {
  const {
    WXTOKEN_API_BASE_URL: base,
    WXTOKEN_API_FALLBACK_URLS: fallbacks = [],
    WXTOKEN_PROXY: proxy,
  } = values;
  const hosts =
    base === undefined && fallbacks.length === 0
      ? PLATFORM_HOSTS
      : [base ?? PLATFORM_HOSTS[0] ?? '', ...fallbacks];
  const ca =
    values.WXTOKEN_CA_FILE === undefined
      ? undefined
      : await readAuthorities(values.WXTOKEN_CA_FILE, complain);
  return {
    id: base !== undefined && isLoopback(base) ? new URL(base).host : 'weixin',
    hosts,
    timeout: 10 * SECOND,
    ...(proxy !== undefined && { proxy }),
    ...(ca !== undefined && { ca }),
  };
}

async function readAuthorities(path: string, complain: Complain): Promise<string | undefined> {
  const pem = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) =>
    complain('WXTOKEN_CA_FILE', `${path} cannot be read (${error.code})`),
  );
  // Node takes anything here without a word, and then trusts no one.
  if (pem !== undefined && !pem.includes('-----BEGIN CERTIFICATE-----')) {
    complain('WXTOKEN_CA_FILE', `${path} holds no certificate in PEM`);
  }
  return pem ?? undefined;
}

async function readTarget(values: Values, complain: Complain): Promise<FileTargetConfig> {
  const group = values.WXTOKEN_FILE_GROUP;
  const gid = group === undefined ? undefined : await groupId(group);
  if (group !== undefined && gid === undefined) {
    complain(
      'WXTOKEN_FILE_GROUP',
      `this system knows no group called ${JSON.stringify(group)}: use its number`,
    );
  }
  return {
    type: 'file',
    path: values.WXTOKEN_FILE,
    format: 'raw',
    details: true,
    mode: values.WXTOKEN_FILE_MODE,
    ...(gid !== undefined && { gid }),
  };
}
