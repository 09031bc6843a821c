import { dirname, join } from 'node:path';
import * as v from 'valibot';
import type { TicketKind } from '../core/credential.ts';
import { MINUTE } from '../core/time.ts';
import { type Config, ConfigError, type FileTargetConfig, type Problem } from './config.ts';
import { unknownNames } from './names.ts';
import { areApart, areWritable, type Paths } from './paths.ts';
import { type Complain, readPlatform, readSecret, readTarget } from './pointed-at.ts';
import { foreignTickets } from './tickets.ts';
import { type Values, Variables } from './variables.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Pods that share nothing learn of a forced rotation elsewhere by asking again; WeChat recommends this rhythm. */
const RECHECK = 5 * MINUTE;

/**
 * Reads one credential, called `default`, from the environment. An empty variable counts as unset.
 * @param publishes whether what it names is going to be written: then it is also told what could not be. Nothing is
 *   created to find out
 * @throws {ConfigError} with everything that is wrong, also with the files that are pointed at
 */
export async function readEnvironment(environment: Environment, { publishes = true } = {}): Promise<Config> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name.startsWith('WXTOKEN_') && value !== ''),
  );
  const problems: Problem[] = unknownNames(Object.keys(given), Object.keys(Variables.entries));
  const complain: Complain = (where, what) => {
    problems.push({ where, what });
  };
  const { values, wrong } = parse(given, complain);
  const inKubernetes = Boolean(environment['KUBERNETES_SERVICE_HOST']);
  const coordinated = given['WXTOKEN_STATE_DIR'] !== undefined || !inKubernetes;
  const isClassic = values.WXTOKEN_TYPE === 'access-token';

  const tickets = values.WXTOKEN_TICKETS ?? [];

  if (!given['WXTOKEN_APPID']) complain('WXTOKEN_APPID', 'is required: the AppID of the account');
  for (const ticket of foreignTickets(tickets, values.WXTOKEN_TYPE)) {
    complain('WXTOKEN_TICKETS', `${ticket} is not a ticket of ${values.WXTOKEN_TYPE}`);
  }
  if (!given['WXTOKEN_SECRET_FILE'] && !given['WXTOKEN_SECRET']) {
    complain('WXTOKEN_SECRET_FILE', 'is required, or WXTOKEN_SECRET: where the AppSecret is');
  }
  if (isClassic && !coordinated && !values.WXTOKEN_ALLOW_UNCOORDINATED) {
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
  const stateDir = values.WXTOKEN_STATE_DIR ?? join(dirname(values.WXTOKEN_FILE), '.wx-token-sidecar');
  const paths = goodPaths(values, tickets, stateDir, wrong);
  if ((await areApart(paths, complain)) && publishes) {
    // Others can do without a state folder: then a restart costs a call.
    await areWritable({ ...paths, stateDir: isClassic ? paths.stateDir : undefined }, complain);
  }
  if (problems.length > 0 || !secret) throw new ConfigError(problems);

  return {
    schedule: values.WXTOKEN_SCHEDULE,
    stateDir,
    ...(values.WXTOKEN_FEEDBACK_DIR !== undefined && { feedbackDir: values.WXTOKEN_FEEDBACK_DIR }),
    log: { level: values.WXTOKEN_LOG_LEVEL, format: values.WXTOKEN_LOG_FORMAT },
    inputs: [values.WXTOKEN_SECRET_FILE, values.WXTOKEN_CA_FILE].filter((path) => path !== undefined),
    credentials: [
      {
        name: 'default',
        type: values.WXTOKEN_TYPE,
        appId: values.WXTOKEN_APPID ?? '',
        secret,
        platform,
        window: isClassic ? values.WXTOKEN_AHEAD : values.WXTOKEN_ROTATION_WINDOW,
        budget: {
          fetchesPerDay: values.WXTOKEN_FETCHES_PER_DAY,
          forcedPerDay: values.WXTOKEN_FORCED_PER_DAY,
        },
        coordinated,
        allowForce: values.WXTOKEN_ALLOW_FORCE,
        // The others' tokens come back whoever asks, so there is no forced rotation to learn of.
        ...(!coordinated && values.WXTOKEN_TYPE === 'stable-token' && { recheck: RECHECK }),
        optional: false,
        tickets,
        publish: [target, ...tickets.map((kind) => ticketTarget(target, kind))],
        notify: [],
      },
    ],
  };
}

/** What is wrong is reported and left out, so that the rest can be checked in the same go. */
function parse(
  given: Environment,
  complain: Complain,
): { readonly values: Values; readonly wrong: ReadonlySet<string> } {
  const { issues = [] } = v.safeParse(Variables, given);
  const wrong = new Set<string>();
  for (const issue of issues) {
    const name = v.getDotPath(issue)?.split('.')[0] ?? '';
    wrong.add(name);
    complain(name, issue.message);
  }
  const right = Object.fromEntries(Object.entries(given).filter(([name]) => !wrong.has(name)));
  return { values: v.parse(Variables, right), wrong };
}

/** Without those that only a default stands in for, since what was given is wrong. */
function goodPaths(
  values: Values,
  tickets: readonly TicketKind[],
  stateDir: string,
  wrong: ReadonlySet<string>,
): Paths {
  const { WXTOKEN_FILE: file, WXTOKEN_STATE_DIR: chosen } = values;
  const isFileGood = !wrong.has('WXTOKEN_FILE');
  const isStateGood = chosen !== undefined || (isFileGood && !wrong.has('WXTOKEN_STATE_DIR'));
  return {
    files: isFileGood
      ? [file, ...tickets.map((kind) => ticketPath(file, kind))].flatMap((path) => [path, `${path}.json`])
      : [],
    secretFile: values.WXTOKEN_SECRET_FILE,
    caFile: values.WXTOKEN_CA_FILE,
    stateDir: isStateGood ? stateDir : undefined,
    feedbackDir: values.WXTOKEN_FEEDBACK_DIR,
  };
}

/** Beside the token, under a name that tells what it is. */
function ticketTarget(target: FileTargetConfig, kind: TicketKind): FileTargetConfig {
  return { ...target, of: kind, path: ticketPath(target.path, kind) };
}

function ticketPath(file: string, kind: TicketKind): string {
  return join(dirname(file), `${kind}_ticket`);
}
