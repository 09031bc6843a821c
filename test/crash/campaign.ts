import type { AtEnd } from '../support/program.ts';
import { distinct } from './calls.ts';
import { ERRORS, failures, type Injury, kills } from './injury.ts';
import { openScene, type Scene, type SceneName } from './scene.ts';
import { calls, type Outcome, tryOut } from './trial.ts';

export interface CampaignOptions {
  readonly scene: SceneName;
  /** Which of all injuries are tried out, and in which order. */
  readonly choose: (all: readonly Injury[]) => readonly Injury[];
  /** Also at every call that looks at what was looked at before, and with errors that it cannot end with. */
  readonly every?: boolean;
  /** How many are tried out at once. */
  readonly jobs: number;
  readonly told?: (outcome: Outcome) => void;
}

/** Tries injuries out, each on a volume that the one before has left in order. */
export async function campaign(options: CampaignOptions, atEnd: AtEnd): Promise<readonly Outcome[]> {
  const { every = false, jobs, told = () => {} } = options;
  const scenes = await Promise.all(Array.from({ length: jobs }, () => openScene(options.scene, atEnd)));
  const [first] = scenes;
  if (!first) throw new TypeError('no jobs, no campaign');
  const seen = await calls(first);
  const worth = every ? seen : distinct(seen);
  const queue = [...options.choose([...kills(worth), ...failures(worth, every)])];
  const outcomes: Outcome[] = [];

  async function work(scene: Scene): Promise<void> {
    for (let injury = queue.shift(); injury; injury = queue.shift()) {
      const outcome = await tryOut(scene, injury);
      outcomes.push(outcome);
      told(outcome);
    }
  }
  await Promise.all(scenes.map(work));
  return outcomes;
}

const HOWS = ['KILL', ...ERRORS] as const;

/** One line for each scene: points tried by what was done to the program, points missed, bad ones. */
export function table(all: Readonly<Record<string, readonly Outcome[]>>): readonly string[] {
  const head = ['', ...HOWS, 'points', 'missed', 'bad', 'slowest start after'];
  const rows = Object.entries(all).map(([name, outcomes]) => {
    const met = outcomes.filter((outcome) => outcome.met);
    const slowest = Math.max(...outcomes.map(({ healedIn }) => healedIn));
    return [
      name,
      ...HOWS.map((how) => String(met.filter(({ injury }) => injury.how === how).length)),
      String(met.length),
      String(outcomes.length - met.length),
      String(outcomes.filter(({ bad }) => bad.length > 0).length),
      `${(slowest / 1000).toFixed(1)} s`,
    ];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}

/** What was bad about an outcome, and what the programs said. */
export function complaint({ injury: { how, call }, exit, bad, said }: Outcome): string {
  return `${how} at ${call.thread} ${call.name} ${call.nth} ${call.text}, ended with ${exit}: ${bad.join('; ')}\n${said}`;
}
