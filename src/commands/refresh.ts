import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError } from '../config/config.ts';
import { readEnvironment } from '../config/environment.ts';
import { type PendingRequest, type RefreshOutcome, requestFolder } from '../coordination/request-folder.ts';
import { SECOND } from '../core/time.ts';
import { systemClock } from '../system/clock.ts';
import { fileFailure } from '../system/file-failure.ts';
import { readArguments, readDuration } from './arguments.ts';
import { EXIT } from './exit.ts';
import { reportProblems } from './session.ts';

const HELP = `wx-token-sidecar refresh [NAME…]: asks the running daemon to fetch now, and waits until the new
credential is published. The daemon is found through the state folder, so run it with the daemon's environment.

  --force              force a stable-token: the old one dies at once, for everyone who holds it
  --timeout DURATION   how long to wait (default 30s)

Exit codes: 0 published; 75 a passing fault, no daemon, or no budget; 77 WeChat refuses, a person must act;
78 bad configuration or an unknown name.
`;

/** A daemon looks for requests at every tick, so within 30 s at the latest, by default within 5 s. */
const LOOK = 50;

export async function run(argv: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = readArguments(
      argv,
      { force: { type: 'boolean', default: false }, timeout: { type: 'string', default: '30s' } },
      { allowPositionals: true },
    );
    if (values.help) {
      process.stdout.write(HELP);
      return EXIT.ok;
    }
    const patience = readDuration('--timeout', values.timeout);
    const config = await readEnvironment(process.env);
    const known = config.credentials.map(({ name }) => name);
    const unknown = positionals.filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      throw new ConfigError(
        unknown.map((name) => ({ where: name, what: `no such credential; there are: ${known.join(', ')}` })),
      );
    }
    const names = positionals.length > 0 ? positionals : known;
    const request = await requestFolder(config.stateDir)
      .leave({ names: [...names], forced: values.force })
      .catch((error) => {
        throw new ConfigError([
          { where: 'state folder', what: fileFailure('use', config.stateDir, error).message },
        ]);
      });
    try {
      return tell(await wait(request, patience));
    } finally {
      await request.withdraw();
    }
  } catch (error) {
    return reportProblems(error);
  }
}

async function wait(request: PendingRequest, patience: number): Promise<readonly RefreshOutcome[] | string> {
  const deadline = systemClock.now().monotonic + patience;
  for (;;) {
    const outcomes = await request.reply();
    if (outcomes) return outcomes;
    if (systemClock.now().monotonic >= deadline) {
      return (await request.isTaken())
        ? `no outcome within ${patience / SECOND} s`
        : `no daemon took the request within ${patience / SECOND} s: is one running with this state folder?`;
    }
    await delay(LOOK);
  }
}

function tell(outcomes: readonly RefreshOutcome[] | string): number {
  if (typeof outcomes === 'string') {
    process.stderr.write(`wx-token-sidecar: ${outcomes}\n`);
    return EXIT.passing;
  }
  for (const { name, result, message } of outcomes) {
    (result === 'published' ? process.stdout : process.stderr).write(`${name}: ${message}\n`);
  }
  const results = outcomes.map(({ result }) => result);
  if (results.includes('refused')) return EXIT.refused;
  return results.includes('failed') ? EXIT.passing : EXIT.ok;
}
