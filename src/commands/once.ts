import { type Daemon, LAST_ANSWER, startDaemon } from '../app/daemon.ts';
import { basesAmong, isSettled, needsAPerson, whyUnpublished } from '../core/publication.ts';
import { isPublished, obstacle } from '../core/state/index.ts';
import { SECOND } from '../core/time.ts';
import type { Logger } from '../observability/log/logger.ts';
import { titledLogger } from '../observability/log/titled-logger.ts';
import { toldFields } from '../observability/log/told-fields.ts';
import { volumes } from '../system/fs/files.ts';
import { systemClock } from '../system/time/clock.ts';
import { helpOf } from '../usage/help.ts';
import { ONCE } from '../usage/once.ts';
import { asksForHelp, readArguments, readDuration } from './arguments.ts';
import { EXIT } from './exit.ts';
import { languageOf } from './language.ts';
import { openLog } from './open-log.ts';
import { configLoader, createSession } from './session.ts';
import { listenForSignals } from './signals.ts';

/**
 * Interval, in ms, at which the command checks for something to do. It is short because a person or a pod is waiting.
 */
const POLL_INTERVAL = 100;

/**
 * Runs `once`: adopts or fetches every credential, publishes it and ends.
 * @returns the exit code
 */
export async function run(argv: readonly string[]): Promise<number> {
  if (asksForHelp(argv)) {
    process.stdout.write(helpOf(ONCE));
    return EXIT.ok;
  }
  const signals = listenForSignals(EXIT.passing);
  const session = createSession();
  try {
    const started = systemClock.now().monotonic;
    const [{ values }, config] = await session.readBoth(
      async () => readArguments(argv, ONCE),
      configLoader(argv),
    );
    const timeout = readDuration('--timeout', values.timeout);
    const { log } = config;
    const isForPeople = log.format === 'text';
    const language = isForPeople ? languageOf(config, process.stderr, process.env) : config.language;
    const logger = openLog({ ...log, language });
    const daemon = await startDaemon(config, { clock: systemClock, logger, random: Math.random });
    // Requests that are under way at the end get a last chance, within the time that was allowed.
    const lastAnswer = Math.min(LAST_ANSWER, timeout / 4);
    await Promise.race([settle(daemon, started + timeout - lastAnswer), signals.end]);
    volumes.giveUpAfter(Math.min(1.5 * SECOND, lastAnswer));
    await daemon.stop(lastAnswer);
    const titles = new Map(config.credentials.map(({ name, title }) => [name, title]));
    return judge(
      daemon,
      titledLogger(logger, (name) => titles.get(name)),
    );
  } catch (error) {
    return session.report(error);
  }
}

/** Ticks the daemon until waiting longer would not change the outcome, or until the deadline (monotonic ms). */
async function settle(daemon: Daemon, deadline: number): Promise<void> {
  daemon.tick();
  for (let now = systemClock.now(); now.monotonic < deadline; now = systemClock.now()) {
    const left = deadline - now.monotonic;
    const views = [...daemon.views()];
    const baseOf = basesAmong(views);
    if (views.every((view) => isSettled(view, now, left, baseOf(view)))) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
    daemon.tick();
  }
}

/** Logs why credentials are not published, and returns the exit code. */
function judge(daemon: Daemon, logger: Logger): number {
  const now = systemClock.now();
  const views = [...daemon.views()];
  const baseOf = basesAmong(views);
  const unpublished = views.filter(({ state }) => !isPublished(state, now));
  for (const view of unpublished) {
    const { unit } = view;
    const why = whyUnpublished(view, now, baseOf(view));
    const kind = unit.kind === 'token' ? {} : { kind: unit.kind };
    const fields = { credential: unit.name, ...kind, ...toldFields(why) };
    // What comes and goes by a list must not keep a pod from starting.
    if (unit.listedBy !== undefined) logger.warn(`not published: ${why.message}`, fields);
    else logger.error(`not published: ${why.message}`, fields);
  }
  const decisive = unpublished.filter(({ unit }) => unit.listedBy === undefined);
  if (decisive.length === 0) return EXIT.ok;
  return decisive.some(({ state }) => needsAPerson(obstacle(state, now))) ? EXIT.refused : EXIT.passing;
}
