import { join } from 'node:path';
import { contentOf } from '../support/files.ts';
import { type AtEnd, type Program, startProgram } from '../support/program.ts';
import { type Call, readCalls, readOne, TRACED } from './calls.ts';
import { type Injury, injecting } from './injury.ts';
import { atAnyMoment, atTheEnd, saidWrong } from './inspection.ts';
import type { Before, Scene } from './scene.ts';
import { trace } from './traced.ts';

/** What came of one injury. */
export interface Outcome {
  readonly injury: Injury;
  /** Whether it happened at the very call: threads do not always take turns in the same way. */
  readonly met: boolean;
  /** How the injured program ended: its exit code, or the signal. */
  readonly exit: string;
  /** Until then, ms. */
  readonly took: number;
  readonly bad: readonly string[];
  /** What both programs said. */
  readonly said: string;
  /** Of the next start, ms. */
  readonly healedIn: number;
}

/** Enough for the lock of one that died before it could write its name on it: ten seconds. */
const HEALING = ['once', '--timeout', '30s'];

/** How often a call is looked for that was missed. */
const ATTEMPTS = 12;

/** The calls of a run that nothing happens to. */
export async function calls(scene: Scene): Promise<readonly Call[]> {
  return await undone(async (atEnd) => {
    const before = await scene.prepare();
    const { begin, go, end } = scene.way;
    const stopped = await begin(scene, atEnd);
    const file = join(scene.traces, 'calls');
    const tracer = await trace(stopped, ['main', 'pool'], ['-e', `trace=${TRACED}`], file, atEnd);
    go(stopped);
    const { code } = await end(stopped, scene, before);
    await tracer.ended;
    if (code !== 0) throw new Error(`it ended with ${code} all by itself:\n${stopped.program.stderr()}`);
    return readCalls(await tracer.log(), stopped.threads.pool, scene.folder);
  });
}

/** Injures the program, starts it once more, and looks what is wrong after each. */
export async function tryOut(scene: Scene, injury: Injury): Promise<Outcome> {
  let aim = injury;
  for (let attempt = 1; ; attempt += 1) {
    const { outcome, next } = await undone((atEnd) => suffer(scene, aim, atEnd));
    const isOver = outcome.met || outcome.bad.length > 0 || attempt === ATTEMPTS;
    if (isOver || injury.call.path !== undefined || next < 1) return { ...outcome, injury };
    aim = { ...injury, call: { ...injury.call, nth: next } };
  }
}

interface Attempt {
  readonly outcome: Outcome;
  /** Where the call is more likely to be met. */
  readonly next: number;
}

async function suffer(scene: Scene, injury: Injury, atEnd: AtEnd): Promise<Attempt> {
  const before = await scene.prepare();
  const started = performance.now();
  const { begin, go, end, exits } = scene.way;
  const stopped = await begin(scene, atEnd);
  const options = injecting(injury, (path) => scene.pathOf(path, stopped.program.pid));
  const tracer = await trace(stopped, [injury.call.thread], options, join(scene.traces, 'injury'), atEnd);
  go(stopped);
  const { program } = stopped;
  const { code, signal } = await end(stopped, scene, before);
  await tracer.ended;
  const took = performance.now() - started;
  const exit = signal ?? String(code);
  const { met, next } = aimAgain(injury, await tracer.log(), scene.folder);
  const found = await atAnyMoment(scene, before);
  const words = met && injury.how !== 'KILL' ? wrongWords(injury, program, exit, exits) : [];
  const isNothing = exit === '0' && (await contentOf(scene.file)) === undefined;
  const lied = isNothing ? ['it ended with 0 and had published nothing'] : [];
  const { healedIn, said, bad } = await heal(scene, before, program, atEnd);
  const tokens = [before.token, await contentOf(scene.file)];
  const told = met ? saidWrong(said, tokens) : [];
  const wrong = [...found, ...words, ...lied, ...bad, ...told];
  // What is wrong is told once.
  if (wrong.length > 0) await scene.reset();
  return { outcome: { injury, met, exit, took, bad: wrong, said, healedIn }, next };
}

/** Whether the call was met that was meant, and if not, at which number of its name it may be met. */
function aimAgain({ call }: Injury, log: string, folder: string) {
  const seen = readOne(log, call.name, folder);
  const at = seen.findIndex(({ injured }) => injured);
  // The same path will do: some look at it in one order, some in another.
  const met = at >= 0 && (call.path !== undefined || seen[at]?.text === call.text);
  const same = seen.flatMap(({ text }, index) => (text === call.text ? [index + 1] : []));
  const reached = same[call.ordinal - 1];
  const next = reached ?? call.nth + (at < 0 ? -1 : 1);
  return { met, next };
}

/** Without these nothing is published or written down, so whoever looks after the program has to know. */
const VITAL = /^(openat|write|fsync|fchmod|rename)\(.*TEMPORARY/;

function wrongWords(
  { call, how }: Injury,
  { stderr }: Program,
  exit: string,
  exits: ReadonlySet<string>,
): string[] {
  if (!exits.has(exit)) return [`it ended with ${exit}`];
  if (exit !== '0' && !/\bE[A-Z]{2,}\b/.test(stderr())) return [`it ended with ${exit} and did not say why`];
  const isSilent = VITAL.test(call.text) && !stderr().includes(how);
  return isSilent ? [`it did not say ${how}`] : [];
}

async function heal(scene: Scene, before: Before, injured: Program, atEnd: AtEnd) {
  const started = performance.now();
  const next = startProgram(HEALING, { env: scene.env }, atEnd);
  const { code, signal } = await next.exited;
  const healedIn = performance.now() - started;
  const unhealed = code === 0 ? [] : [`the next start ended with ${signal ?? code}`];
  const said = `${injured.stderr()}the next start:\n${next.stderr()}`;
  const end = await atTheEnd(scene, before);
  return { healedIn, said, bad: [...unhealed, ...end] };
}

async function undone<T>(work: (atEnd: AtEnd) => Promise<T>): Promise<T> {
  const undo: (() => Promise<void>)[] = [];
  try {
    return await work((step) => undo.push(step));
  } finally {
    for (const step of undo.reverse()) await step();
  }
}
