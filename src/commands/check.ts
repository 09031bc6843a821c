import { type Config, isFetched } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { stateFolder } from '../coordination/folder/state-folder.ts';
import type { Findings } from '../core/findings.ts';
import { COMMA, en, joined, type Language, SEMICOLON, type Text, verbatim, zh } from '../core/text.ts';
import { clusterProblems, inspectCluster } from '../inspection/check/cluster.ts';
import { takeCommon } from '../inspection/check/common.ts';
import { inspectCredential, type Surroundings } from '../inspection/check/credential.ts';
import type { Explanation } from '../inspection/check/explanation.ts';
import { inspectFeedback } from '../inspection/check/feedback.ts';
import { formatSection, mergeFindings, type Said, saidIn } from '../inspection/check/findings.ts';
import { keptTickets } from '../inspection/check/kept-tickets.ts';
import { inspectMany } from '../inspection/check/many.ts';
import { type Answers, probeAll } from '../inspection/check/online.ts';
import { inspectRedisState } from '../inspection/check/redis-state.ts';
import { inspectServers } from '../inspection/check/servers.ts';
import { inspectState } from '../inspection/check/state.ts';
import { daemonOnDisk, servedByLists } from '../inspection/status/index.ts';
import { terminalOf } from '../inspection/status/table.ts';
import { kubernetesOf } from '../kubernetes/index.ts';
import { volumes } from '../system/fs/files.ts';
import { debugSwitches } from '../system/process/debug-switches.ts';
import { readHostContext } from '../system/process/host-context.ts';
import { systemClock } from '../system/time/clock.ts';
import { CHECK } from '../usage/check.ts';
import { helpOf } from '../usage/help.ts';
import { asksForHelp, readArguments, readDuration } from './arguments.ts';
import { EXIT } from './exit.ts';
import { languageOf } from './language.ts';
import { configLoader, createSession, type Host } from './session.ts';

/** Findings of a credential or a cluster that was not asked. */
const NOTHING: Findings = { facts: [], warnings: [] };
const SAID_NOTHING: Said = { facts: [], warnings: [] };

const VERDICTS: readonly (readonly [Explanation['verdict'], Text])[] = [
  ['good', { en: 'good', zh: '正常' }],
  ['untried', { en: 'reached, and asked for no token', zh: '已连接，没有请求 token' }],
  ['passing', { en: 'with a passing fault', zh: '暂时性故障' }],
  ['refused', { en: 'refused', zh: '被拒绝' }],
];

interface Section {
  readonly title: Text;
  readonly found: Said;
}

/**
 * Runs `check`: reads the configuration, examines everything that it points at, and prints the findings.
 * @returns the exit code
 */
export async function run(argv: readonly string[], host: Host = process): Promise<number> {
  if (asksForHelp(argv)) {
    host.stdout.write(helpOf(CHECK));
    return EXIT.ok;
  }
  const session = createSession(host);
  try {
    const [{ values }, config] = await session.readBoth(
      async () => readArguments(argv, CHECK),
      configLoader(argv, {}, host.env),
    );
    const timeout = readDuration('--timeout', values.timeout);
    const hung = volumes.hung().map(({ volume, path }) => ({
      where: verbatim(path),
      what: {
        en: `does not answer: look at the server, or the FUSE process, of the volume ${volume}`,
        zh: `没有应答：检查卷 ${volume} 的服务器或 FUSE 进程`,
      },
    }));
    if (hung.length > 0) throw new ConfigError(hung);
    const kubernetes = kubernetesOf({ clock: systemClock, environment: host.env });
    const problems = await clusterProblems(config, kubernetes);
    if (problems.length > 0) throw new ConfigError(problems);
    const ignored: Text[] = [];
    // What the store says of a record is a line of the log, and so in English.
    const warn = (line: string) => void ignored.push(verbatim(line));
    const language = languageOf(config, host.stdout, host.env);
    const asked = values.online
      ? await probeAll(config, { kubernetes, clock: systemClock, timeout, warn })
      : { answers: [], lists: [], probes: [], ...(await ticketsOnDisk(config, warn)) };
    const terminal = terminalOf(host.stdout, host.env, language);
    const sections = await inspect(config, { ...asked, ignored, language }, host.env);
    const blocks = sections.map(({ title, found }) => formatSection(title[language], found, terminal));
    const said = bySource(config, asked);
    host.stdout.write(`${blocks.join('\n')}\n${summary(sections, said)[language]}\n`);
    return exitFor(Object.values(said).flat());
  } catch (error) {
    return session.report(error);
  }
}

/** The pushed tickets that can be looked up without a request. */
async function ticketsOnDisk(
  config: Config,
  warn: (line: string) => void,
): Promise<Pick<Answers, 'tickets'>> {
  if (config.cluster || config.state) return {};
  const folder = stateFolder(config.stateDir, { mode: config.stateMode }, systemClock, warn);
  return { tickets: await keptTickets(config, folder) };
}

/** Describes the entries that stand for as many accounts as the platform lists. */
async function inspectLists(
  config: Config,
  answers: Answers['lists'],
  surroundings: Surroundings,
  env: Host['env'],
  language: Language,
): Promise<readonly { readonly name: string; readonly title: Text; readonly found: Said }[]> {
  const accounts = await servedByLists(config);
  return Promise.all(
    (config.many ?? []).map(async (many, index) => {
      const count = accounts.filter(({ listedBy }) => listedBy === many.name).length;
      const { name, title, type, via } = many;
      const found = await inspectMany(many, count, surroundings, config.redis ?? [], env);
      const who: Text =
        title === undefined ? verbatim(name) : { en: `${name} (${title})`, zh: `${name}（${title}）` };
      return {
        name,
        title: { en: en`${who}: ${type} of ${via.appId}`, zh: zh`${who}：${via.appId} 的 ${type}` },
        found: saidIn(mergeFindings(found, answers[index] ?? NOTHING), language),
      };
    }),
  );
}

/** What was asked, and in which language it is told. */
interface Asked extends Answers {
  readonly ignored: readonly Text[];
  readonly language: Language;
}

async function inspect(
  config: Config,
  { answers, lists, probes, cluster, state: sharedState, tickets, ignored, language }: Asked,
  env: Host['env'],
): Promise<readonly Section[]> {
  const context = await readHostContext();
  const { names, uid, gid } = context;
  const state = await inspectState(config, context);
  const surroundings: Surroundings = {
    host: context,
    isStateShared: state.shared || config.cluster !== undefined || config.state !== undefined,
    ...(config.push && { receiver: config.push.listen }),
    ...(tickets && { tickets }),
  };
  const credentials = config.credentials.map(async (credential, index) => {
    const found = await inspectCredential(credential, surroundings, env);
    const { name, type, title } = credential;
    const who: Text =
      title === undefined ? verbatim(name) : { en: `${name} (${title})`, zh: `${name}（${title}）` };
    const what: Text = isFetched(credential)
      ? { en: `${type} of ${credential.appId}`, zh: `${credential.appId} 的 ${type}` }
      : verbatim(type);
    const told = [answers[index] ?? NOTHING, ...(probes[index] ?? [])];
    return {
      name,
      title: { en: en`${who}: ${what}`, zh: zh`${who}：${what}` },
      found: saidIn(mergeFindings(found, ...told), language),
    };
  });
  const named = [
    ...(await Promise.all(credentials)),
    ...(await inspectLists(config, lists, surroundings, env, language)),
  ];
  const { rest, common } = takeCommon(named, language);
  const said = (title: Text, found: Findings): Section => ({ title, found: saidIn(found, language) });
  const hasCommon = common.facts.length + common.warnings.length > 0;
  return [
    ...named.map(({ title }, index): Section => ({ title, found: rest[index] ?? SAID_NOTHING })),
    ...(hasCommon
      ? [
          {
            title: {
              en: `the same for several of ${named.length} credentials`,
              zh: `${named.length} 份凭据中几份相同的内容`,
            },
            found: common,
          },
        ]
      : []),
    ...(config.cluster
      ? [
          said(
            { en: 'cluster', zh: '集群' },
            mergeFindings(inspectCluster(config.cluster), cluster ?? NOTHING),
          ),
        ]
      : []),
    ...(config.state
      ? [
          said(
            { en: 'shared state', zh: '共享状态' },
            mergeFindings(inspectRedisState(config.state), sharedState ?? NOTHING),
          ),
        ]
      : []),
    ...(config.http || config.tokenServer || config.push
      ? [
          said(
            { en: 'servers', zh: '服务' },
            await inspectServers(config, await daemonOnDisk(config, systemClock)),
          ),
        ]
      : []),
    ...(config.feedbackDir === undefined
      ? []
      : [
          said({ en: 'feedback folder', zh: '反馈目录' }, await inspectFeedback(config.feedbackDir, context)),
        ]),
    said({ en: 'state folder', zh: '状态目录' }, mergeFindings(state, { facts: [], warnings: ignored })),
    said(
      {
        en: `looked at as ${names.user(uid)}, group ${names.group(gid)}`,
        zh: `以 ${names.user(uid)}、组 ${names.group(gid)} 的身份查看`,
      },
      { facts: [], warnings: debugSwitches(env, process.execArgv).map(({ what }) => what) },
    ),
  ];
}

type BySource = Readonly<Record<'WeChat' | 'cluster' | 'Redis' | 'shared state', readonly Explanation[]>>;

/**
 * Groups the answers of `--online` by source. A Lease with its Secret, the source of a mirror, and the Secrets or the
 * keys of a credential count as one answer each.
 */
function bySource({ credentials }: Config, { answers, lists, probes, cluster, state }: Answers): BySource {
  const listed = lists.flatMap(({ verdict, ...found }) => (verdict ? [{ ...found, verdict }] : []));
  const answersOf = (isMirror: boolean) =>
    answers.filter((_, index) => credentials.map(isFetched)[index] !== isMirror);
  const probed = (store: 'cluster' | 'Redis') => probes.flat().filter((probe) => probe.store === store);
  return {
    WeChat: [...answersOf(false), ...listed],
    cluster: [...(cluster ? [cluster] : []), ...answersOf(true), ...probed('cluster')],
    Redis: probed('Redis'),
    'shared state': state ? [state] : [],
  };
}

const SOURCES: Readonly<Record<keyof BySource, Text>> = {
  WeChat: { en: 'WeChat', zh: '微信' },
  cluster: { en: 'cluster', zh: '集群' },
  Redis: { en: 'Redis', zh: 'Redis' },
  'shared state': { en: 'shared state', zh: '共享状态' },
};

function summary(sections: readonly Section[], said: BySource): Text {
  const warnings = sections.reduce((sum, { found }) => sum + found.warnings.length, 0);
  const parts = (['WeChat', 'cluster', 'Redis', 'shared state'] as const).flatMap((source): Text[] => {
    const counts = VERDICTS.map(([verdict, words]) => ({
      count: said[source].filter((answer) => answer.verdict === verdict).length,
      words,
    }));
    const told = counts
      .filter(({ count }) => count > 0)
      .map(({ count, words }): Text => ({ en: en`${count} ${words}`, zh: zh`${count} 个${words}` }));
    if (told.length === 0) return [];
    const [who, all] = [SOURCES[source], joined(told, COMMA)];
    return [{ en: en`${who}: ${all}`, zh: zh`${who}：${all}` }];
  });
  const good: Text = {
    en: `the configuration is good, warnings: ${warnings}`,
    zh: `配置没有问题，警告 ${warnings} 条`,
  };
  return joined([good, ...parts], SEMICOLON);
}

function exitFor(answers: readonly Explanation[]): number {
  const verdicts = answers.map(({ verdict }) => verdict);
  if (verdicts.includes('refused')) return EXIT.refused;
  return verdicts.includes('passing') ? EXIT.passing : EXIT.ok;
}
