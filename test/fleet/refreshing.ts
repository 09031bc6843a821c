import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Workbench, workbench } from '../e2e/workbench.ts';
import { type AtEnd, type Environment, type Program, startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';

/** How the command ended and what it said. */
export interface Refreshed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A daemon with a published token, and the command that asks it for another. */
export interface Served {
  readonly bench: Workbench;
  readonly daemon: Program;
  readonly env: Environment;
  /** Where the daemon takes reports, and shows by it that it ticks. */
  readonly feedback: string;
  readonly refresh: (args?: readonly string[], changes?: Environment) => Promise<Refreshed>;
  /** The names of what lies where the command leaves its requests. */
  readonly requests: () => Promise<readonly string[]>;
}

/** The state folder of {@link served}. */
export const stateDirOf = ({ folder }: Workbench): string => join(folder, 'state');

export async function served(atEnd: AtEnd, changes: Environment = {}): Promise<Served> {
  const bench = await workbench(atEnd);
  const feedback = join(bench.folder, 'feedback');
  await mkdir(feedback);
  const env = { WXTOKEN_STATE_DIR: stateDirOf(bench), WXTOKEN_FEEDBACK_DIR: feedback, ...changes };
  const daemon = bench.run(env);
  await bench.newToken();
  // Its record is written as well, so that nothing of the first fetch is under way.
  await eventually(async () => (await bench.fetches()).length === 1);
  return {
    bench,
    daemon,
    env,
    feedback,
    refresh: (args = [], more = {}) => runRefresh(bench.env({ ...env, ...more }), args, atEnd),
    requests: () => readdir(join(stateDirOf(bench), 'requests')),
  };
}

/** The command, to its end. */
export async function runRefresh(
  env: Environment,
  args: readonly string[],
  atEnd: AtEnd,
): Promise<Refreshed> {
  const program = startProgram(['refresh', ...args], { env }, atEnd);
  const { code } = await program.exited;
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}
