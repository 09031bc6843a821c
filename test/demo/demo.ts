import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ACCOUNT_OPTIONS, lockOut } from './accounts.ts';
import { COMPONENT_OPTIONS, showComponent } from './component.ts';
import { type Command, type Program, startProgram } from './programs.ts';
import type { Screen } from './screen.ts';
import { LIFETIMES, show } from './show.ts';

/** The project's own, never the current folder's: it is wiped, and in /var a `run/wx` is somebody's. */
const FOLDER = fileURLToPath(new URL('../run', import.meta.url));

/**
 * Runs until somebody asks, or until a program ends by itself; leaves no process behind.
 * @returns the exit code: 0, or 1 when a program ended by itself
 */
export async function runDemo(
  screen: Screen,
  asked: Promise<void>,
  of: 'accounts' | 'component',
): Promise<number> {
  await rm(FOLDER, { recursive: true, force: true });
  const programs: Program[] = [];
  const over = new AbortController();
  let dead: Program | undefined;
  const start = (command: Command): Program => {
    const program = startProgram(command);
    programs.unshift(program);
    void program.ended.then(() => {
      if (!over.signal.aborted) dead = program;
      over.abort();
    });
    return program;
  };
  void asked.then(() => over.abort());

  let summary = '';
  try {
    const options = of === 'component' ? COMPONENT_OPTIONS : [...LIFETIMES, ...ACCOUNT_OPTIONS];
    const baseUrl = await startSandbox(start, over.signal, options);
    if (baseUrl !== undefined) {
      if (of === 'accounts') await lockOut(baseUrl);
      const play = of === 'component' ? showComponent : show;
      summary = await play({ screen, folder: FOLDER, baseUrl, start, over: over.signal });
    }
  } finally {
    for (const program of programs) await program.stop();
  }
  screen.close();
  screen.line(dead ? await obituary(dead) : summary);
  return dead ? 1 : 0;
}

/** Resolves with the base URL of the sandbox once it listens; with undefined when it is over before. */
function startSandbox(
  start: (command: Command) => Program,
  over: AbortSignal,
  options: readonly string[],
): Promise<string | undefined> {
  return new Promise((resolve) => {
    over.addEventListener('abort', () => resolve(undefined));
    start({
      name: 'sandbox',
      arguments: ['sandbox', '--listen', '127.0.0.1:0', ...options],
      environment: {},
      onLine(line) {
        const [, url] = /^export WXTOKEN_API_BASE_URL=(.*)$/.exec(line) ?? [];
        if (url) resolve(url);
      },
    });
  });
}

async function obituary({ name, ended, lastLines }: Program): Promise<string> {
  const lines = lastLines().map((line) => `  ${line}`);
  return [`the ${name} ended unexpectedly (${await ended}); the last it said:`, ...lines].join('\n');
}
