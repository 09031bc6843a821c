import { type Config, ConfigError } from '../config/config.ts';
import { stateFolder } from '../coordination/state-folder.ts';
import { createGates } from '../gates.ts';
import { inspectCredential } from '../inspection/credential.ts';
import { type Explanation, explain } from '../inspection/explanation.ts';
import { type Findings, gather, render } from '../inspection/findings.ts';
import { inquire } from '../inspection/inquiry.ts';
import { lookAround } from '../inspection/scene.ts';
import { clusterProblems, probeAll } from '../inspection/secret-target.ts';
import { inspectState } from '../inspection/state.ts';
import { kubernetesOf } from '../kubernetes/index.ts';
import { systemClock } from '../system/clock.ts';
import { asksForHelp, readArguments, readDuration } from './arguments.ts';
import { EXIT } from './exit.ts';
import { CONFIG_OPTION, configLoader, readBoth, reportProblems } from './session.ts';

const HELP = `wx-token-sidecar check: reads the configuration and everything it points at, and tells what it found.
Changes nothing. Run it as the daemon's user: what can be read and written depends on who looks.

  --config FILE        YAML or JSON (default: WXTOKEN_CONFIG); without one the environment alone configures it
  --online             also ask WeChat, with a call that kills no token: an ordinary fetch of a stable-token or wecom
                       token, the stored token of access-token or, without one, a call that carries no secret
  --timeout DURATION   how long all of WeChat's answers may take (default 20s)

Exit codes: 0 good, warnings or not; 78 bad configuration; with --online also 75 a passing fault;
77 WeChat refuses, a person must act.
`;

const NOTHING: Findings = { facts: [], warnings: [] };

const VERDICTS = [
  ['good', 'good'],
  ['passing', 'with a passing fault'],
  ['refused', 'refused'],
] as const;

const OPTIONS = {
  ...CONFIG_OPTION,
  online: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '20s' },
} as const;

/** So many requests are under way at one host. */
const AT_ONCE = 8;

interface Section {
  readonly title: string;
  readonly found: Findings;
}

export async function run(argv: readonly string[]): Promise<number> {
  if (asksForHelp(argv)) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  try {
    const [{ values }, config] = await readBoth(
      async () => readArguments(argv, OPTIONS, { durations: ['timeout'] }),
      configLoader(argv),
    );
    const patience = readDuration('--timeout', values.timeout);
    const kubernetes = kubernetesOf({ clock: systemClock });
    const problems = await clusterProblems(config, kubernetes);
    if (problems.length > 0) throw new ConfigError(problems);
    const ignored: string[] = [];
    const answers = values.online ? await askAll(config, patience, (line) => ignored.push(line)) : [];
    const probes = values.online ? await probeAll(config, kubernetes, systemClock, patience) : [];
    const sections = await inspect(config, [answers, probes], ignored);
    const blocks = sections.map(({ title, found }) => render(title, found));
    process.stdout.write(`${blocks.join('\n')}\n${summary(sections, answers)}\n`);
    return exitFor([...answers, ...probes]);
  } catch (error) {
    return reportProblems(error);
  }
}

async function inspect(
  config: Config,
  told: readonly (readonly Findings[])[],
  ignored: readonly string[],
): Promise<readonly Section[]> {
  const scene = await lookAround();
  const { names, uid, gid } = scene;
  const isChosen = Boolean(process.env['WXTOKEN_STATE_DIR']);
  const state = await inspectState(config, isChosen, scene);
  const surroundings = { scene, isStateShared: state.shared };
  const credentials = config.credentials.map(async (credential, index): Promise<Section> => {
    const found = await inspectCredential(credential, surroundings, process.env);
    const { name, type, appId } = credential;
    const more = told.map((findings) => findings[index] ?? NOTHING);
    return { title: `${name}: ${type} of ${appId}`, found: gather(found, ...more) };
  });
  return [
    ...(await Promise.all(credentials)),
    { title: 'state folder', found: gather(state, { facts: [], warnings: ignored }) },
    { title: `looked at as ${names.user(uid)}, group ${names.group(gid)}`, found: NOTHING },
  ];
}

/** What WeChat says of each credential, in their order. */
async function askAll(
  config: Config,
  patience: number,
  warn: (line: string) => void,
): Promise<readonly Explanation[]> {
  const end = new AbortController();
  // The reason is what an edge takes for an answer that came too late.
  const timer = setTimeout(() => end.abort(new DOMException('too late', 'TimeoutError')), patience);
  const gates = createGates(AT_ONCE);
  const folder = stateFolder(config.stateDir, { mode: config.stateMode }, systemClock, warn);
  const answers: Explanation[] = [];
  const ask = async (index: number, credential: Config['credentials'][number]) => {
    answers[index] = explain(await inquire(credential, folder, systemClock, end.signal));
  };
  try {
    await Promise.all(
      config.credentials.map((credential, index) =>
        gates.pass(credential.platform.hosts[0] ?? '', { kind: 'probe' }, () => ask(index, credential)),
      ),
    );
    return answers;
  } finally {
    clearTimeout(timer);
  }
}

function summary(sections: readonly Section[], answers: readonly Explanation[]): string {
  const warnings = sections.reduce((sum, { found }) => sum + found.warnings.length, 0);
  const verdicts = VERDICTS.map(([verdict, words]) => ({
    count: answers.filter((answer) => answer.verdict === verdict).length,
    words,
  }));
  const said = verdicts.filter(({ count }) => count > 0).map(({ count, words }) => `${count} ${words}`);
  const platform = said.length > 0 ? `; WeChat: ${said.join(', ')}` : '';
  return `the configuration is good, warnings: ${warnings}${platform}`;
}

function exitFor(answers: readonly Explanation[]): number {
  const verdicts = answers.map(({ verdict }) => verdict);
  if (verdicts.includes('refused')) return EXIT.refused;
  return verdicts.includes('passing') ? EXIT.passing : EXIT.ok;
}
