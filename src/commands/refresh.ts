import { setTimeout as delay } from 'node:timers/promises';
import { accountOf } from '../app/app-secret.ts';
import { STATE_FOLDER } from '../app/prepare.ts';
import { type Config, type FetchedConfig, isFetched } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { accountOfList } from '../config/expand.ts';
import {
  type PendingRequest,
  type RefreshOutcome,
  requestFolder,
} from '../coordination/folder/request-folder.ts';
import { closest, didYouMean } from '../core/closest.ts';
import { failureOf, textsOf } from '../core/failure.ts';
import { en, inLanguage, type Language, type Text, verbatim, zh } from '../core/text.ts';
import { SECOND } from '../core/time.ts';
import { daemonLine } from '../inspection/status/daemon-line.ts';
import { daemonOnDisk, servedByLists } from '../inspection/status/index.ts';
import { escapeControls } from '../observability/log/escape.ts';
import { snapshotFolder } from '../observability/status/snapshot-file.ts';
import { fileProblem } from '../system/fs/file-failure.ts';
import { systemClock } from '../system/time/clock.ts';
import { helpOf } from '../usage/help.ts';
import { REFRESH } from '../usage/refresh.ts';
import { asksForHelp, readArguments, readDuration } from './arguments.ts';
import { complain } from './complain.ts';
import { EXIT } from './exit.ts';
import { languageOf } from './language.ts';
import { configLoader, createSession } from './session.ts';

/**
 * Interval, in ms, at which the command looks for a reply. A daemon takes requests at every tick: within 5 s by
 * default, within 30 s at the latest.
 */
const POLL_INTERVAL = 50;

/**
 * Runs `refresh`: asks the running daemon through the state folder to fetch now, and waits until the credentials are
 * published.
 * @returns the exit code
 */
export async function run(argv: readonly string[]): Promise<number> {
  if (asksForHelp(argv)) {
    process.stdout.write(helpOf(REFRESH));
    return EXIT.ok;
  }
  const session = createSession();
  try {
    const [{ values, positionals }, config] = await session.readBoth(
      async () => readArguments(argv, REFRESH),
      configLoader(argv, { publishes: false, fetches: false }),
    );
    const timeout = readDuration('--timeout', values.timeout);
    const { many = [] } = config;
    const listed = await servedByLists(config);
    const known = [...config.credentials, ...many].map(({ name }) => name);
    const all = new Set([...known, ...listed.map(({ name }) => name)]);
    const unknown = positionals.filter((name) => !all.has(name));
    if (unknown.length > 0) {
      throw new ConfigError(
        unknown.map((name) => ({ where: verbatim(name), what: noSuchCredential(name, known) })),
      );
    }
    const isChosen = ({ name }: { readonly name: string }) =>
      positionals.length === 0 || positionals.some((wanted) => wanted === name);
    const chosen = [...config.credentials, ...listed].filter(isChosen);
    const lists = many.filter(isChosen).map((one) => ({ name: one.name, account: accountOfList(one) }));
    const mirrors = chosen.filter((credential) => !isFetched(credential));
    const fetched = chosen.filter(isFetched);
    if (mirrors.length > 0 && (positionals.length > 0 || fetched.length + lists.length === 0)) {
      const what: Text = {
        en: 'is only mirrored here: refresh it where it is fetched',
        zh: '在这里只是镜像：到获取它的地方刷新',
      };
      throw new ConfigError(mirrors.map(({ name }) => ({ where: verbatim(name), what })));
    }
    const credentials = [...lists, ...(await Promise.all(fetched.map(requestOf)))];
    const request = await requestFolder(config.stateDir)
      // The daemon must answer while this command still waits.
      .leave({ credentials, forced: values.force, patience: (timeout * 3) / 4 })
      .catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw new ConfigError([
          { where: STATE_FOLDER, what: fileProblem('use the state folder', config.stateDir, error) },
        ]);
      });
    const language = languageOf(config, process.stderr, process.env);
    if (!request) {
      const { stateDir } = config;
      const unused: Text = {
        en: `no daemon has used the state folder ${stateDir} yet`,
        zh: `还没有守护进程使用过状态目录 ${stateDir}`,
      };
      return report(unused, language);
    }
    try {
      return report(await wait(request, timeout, config), language);
    } finally {
      await request.withdraw();
    }
  } catch (error) {
    return session.report(error);
  }
}

/**
 * Names the account to the daemon. The AppSecret itself is the daemon's business, except where it tells the account.
 * @throws {ConfigError} when the AppSecret tells the account and cannot be read
 */
async function requestOf(credential: FetchedConfig) {
  const { name, type } = credential;
  try {
    return { name, account: (await accountOf(credential)).account };
  } catch (error) {
    const { message } = textsOf(failureOf(error, 'none'));
    const what: Text = {
      en: en`its AppSecret tells which app of ${type} is meant: ${message}`,
      zh: zh`要靠 AppSecret 才知道是 ${type} 的哪个应用：${message}`,
    };
    throw new ConfigError([{ where: verbatim(name), what }]);
  }
}

function noSuchCredential(name: string, known: readonly string[]): Text {
  const what: Text = {
    en: `no such credential; there are: ${known.join(', ')}`,
    zh: `没有这份凭据；有：${known.join('、')}`,
  };
  const meant = closest(name, known);
  return didYouMean(what, meant === undefined ? [] : [meant]);
}

async function wait(
  request: PendingRequest,
  timeout: number,
  config: Config,
): Promise<readonly RefreshOutcome[] | Text> {
  const deadline = systemClock.now().monotonic + timeout;
  for (;;) {
    const outcomes = await request.reply();
    if (outcomes) return outcomes;
    if (systemClock.now().monotonic >= deadline) {
      const seconds = timeout / SECOND;
      if (await request.isTaken()) {
        return { en: `no outcome within ${seconds} s`, zh: `${seconds} 秒之内没有结果` };
      }
      const why = await whyNobody(config);
      return {
        en: en`no daemon took the request within ${seconds} s: ${why}`,
        zh: zh`${seconds} 秒之内没有守护进程接受请求：${why}`,
      };
    }
    await delay(POLL_INTERVAL);
  }
}

/** Says what is known of the daemon that did not take a request. */
async function whyNobody(config: Config): Promise<Text> {
  const daemon = await daemonOnDisk(config, systemClock);
  if (daemon.state === 'unknown') {
    return {
      en: 'is one running with this state folder?',
      zh: '有使用这个状态目录的守护进程在运行吗？',
    };
  }
  const at = Math.floor(systemClock.now().wall / SECOND);
  return daemonLine(daemon, snapshotFolder(config.stateDir), at);
}

function report(outcomes: readonly RefreshOutcome[] | Text, language: Language): number {
  if ('en' in outcomes) {
    complain(outcomes[language]);
    return EXIT.passing;
  }
  for (const outcome of outcomes) {
    const { name, result, message } = inLanguage(outcome, language);
    const line = escapeControls(`${name}: ${message}`);
    (result === 'published' ? process.stdout : process.stderr).write(`${line}\n`);
  }
  const results = outcomes.map(({ result }) => result);
  if (results.includes('refused')) return EXIT.refused;
  return results.includes('failed') ? EXIT.passing : EXIT.ok;
}
