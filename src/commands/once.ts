import { type Daemon, LAST_ANSWER, startDaemon } from '../app/daemon.ts';
import type { Failure } from '../core/failure.ts';
import type { Step, View } from '../core/plan.ts';
import { isPublished, liveToken, obstacle, type State } from '../core/state/index.ts';
import type { Instant } from '../core/time.ts';
import type { Logger } from '../observability/log/logger.ts';
import { systemClock } from '../system/time/clock.ts';
import { asksForHelp, readArguments, readDuration } from './arguments.ts';
import { EXIT } from './exit.ts';
import { openLog } from './open-log.ts';
import { CONFIG_OPTION, configLoader, readBoth, reportProblems } from './session.ts';
import { listenForSignals } from './signals.ts';

const HELP = `wx-token-sidecar once: adopts or fetches every credential, publishes it and ends.

  --config FILE        YAML or JSON (default: WXTOKEN_CONFIG); without one the environment alone configures it
  --timeout DURATION   how long it may take (default 60s)

Exit codes: 0 all published with life left; 75 a passing fault; 77 WeChat refuses, a person must act;
78 bad configuration.
`;

const OPTIONS = { ...CONFIG_OPTION, timeout: { type: 'string', default: '60s' } } as const;

type Obstacle = Pick<Failure, 'message' | 'advice'>;

const TIMED_OUT = 'timed out';

/** How often it looks whether there is something to do, in ms: a person or a pod is waiting. */
const LOOK = 100;

export async function run(argv: readonly string[]): Promise<number> {
  if (asksForHelp(argv)) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const signals = listenForSignals(EXIT.passing);
  try {
    const started = systemClock.now().monotonic;
    const [{ values }, config] = await readBoth(
      async () => readArguments(argv, OPTIONS, { durations: ['timeout'] }),
      configLoader(argv),
    );
    const patience = readDuration('--timeout', values.timeout);
    const logger = openLog(config.log);
    const daemon = await startDaemon(config, { clock: systemClock, logger, random: Math.random });
    // What is under way at the end gets a last chance, within the time that was allowed.
    const lastAnswer = Math.min(LAST_ANSWER, patience / 4);
    await Promise.race([settle(daemon, started + patience - lastAnswer), signals.end]);
    await daemon.stop(lastAnswer);
    return judge(daemon, logger);
  } catch (error) {
    return reportProblems(error);
  }
}

/** Resolves when more waiting would not change the outcome, or at the deadline (monotonic ms). */
async function settle(daemon: Daemon, deadline: number): Promise<void> {
  daemon.tick();
  for (let now = systemClock.now(); now.monotonic < deadline; now = systemClock.now()) {
    const left = deadline - now.monotonic;
    const views = daemon.views();
    const baseOf = basesAmong(views);
    if (views.every((view) => isSettled(view, now, left, baseOf(view)))) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK));
    daemon.tick();
  }
}

/** @param base whose token it is fetched with: what waits for that comes to no more than that does */
function isSettled({ state, step }: View, now: Instant, left: number, base?: View): boolean {
  if (base && lacksToken(step)) return !liveToken(base.state, now) && isSettled(base, now, left);
  if (isPublished(state, now)) return step.kind === 'wait';
  if (needsAPerson(obstacle(state, now))) return true;
  if (step.kind !== 'wait') return false;
  return liveToken(state, now) ? targetsWait(state, now) > left : step.ms > left;
}

/** Finds the view of the token that a ticket is fetched with. */
function basesAmong(views: readonly View[]): (view: View) => View | undefined {
  const known = new Map(views.map((view) => [view.unit.id, view]));
  return ({ unit }) => (unit.base === undefined ? undefined : known.get(unit.base));
}

function lacksToken(step: Step): boolean {
  return step.kind === 'wait' && step.why === 'token';
}

/** Milliseconds until the next target that does not hold the token is tried again. */
function targetsWait({ targets, record }: State, now: Instant): number {
  const behind = Object.values(targets).filter(({ generation }) => generation !== record.token?.generation);
  return Math.min(...behind.map(({ dueAt }) => dueAt - now.monotonic));
}

function needsAPerson(failure: Failure | undefined): boolean {
  return failure?.class === 'refused' || failure?.class === 'confirmation';
}

function judge(daemon: Daemon, logger: Logger): number {
  const now = systemClock.now();
  const views = daemon.views();
  const baseOf = basesAmong(views);
  const unpublished = views.filter(({ state }) => !isPublished(state, now));
  for (const view of unpublished) {
    const { unit } = view;
    const { message, advice } = whyNot(view, now, baseOf(view));
    const kind = unit.kind === 'token' ? {} : { kind: unit.kind };
    logger.error(`not published: ${message}`, { credential: unit.name, ...kind, ...(advice && { advice }) });
  }
  if (unpublished.length === 0) return EXIT.ok;
  return unpublished.some(({ state }) => needsAPerson(obstacle(state, now))) ? EXIT.refused : EXIT.passing;
}

function whyNot({ state, step, leader }: View, now: Instant, base?: View): Obstacle {
  // What is to be done about it is said of the token.
  if (base && lacksToken(step)) {
    const failure = obstacle(base.state, now);
    const refused = needsAPerson(failure) && failure?.errcode !== undefined;
    return { message: `it needs the token, which ${refused ? 'WeChat refused' : 'did not come'}` };
  }
  const failure = obstacle(state, now);
  if (failure && failure.code !== 'aborted') return failure;
  if (leader === undefined) return { message: TIMED_OUT };
  return {
    message: `${TIMED_OUT}: ${leader} leads and delivered nothing`,
    advice: `look at the log of ${leader}`,
  };
}
