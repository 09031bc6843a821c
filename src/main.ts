#!/usr/bin/env node
import { complain } from './commands/complain.ts';
import { EXIT } from './commands/exit.ts';
import { volumeMessage } from './observability/log/volume-log.ts';
import { volumes } from './system/fs/files.ts';
import { neutraliseDebugSwitches } from './system/process/debug-switches.ts';
import { endProcess } from './system/process/end-process.ts';
import { keepWebAssemblyPlain } from './system/process/v8-flags.ts';
import { version } from './system/process/version.ts';
import type { CommandName } from './usage/index.ts';

interface Command {
  /** @returns the exit code */
  run(argv: readonly string[]): Promise<number>;
}

/** Imports each command only when it is called, so that a daemon in a pod never loads the sandbox. */
const commands: Readonly<Record<CommandName, () => Promise<Command>>> = {
  run: () => import('./commands/run.ts'),
  once: () => import('./commands/once.ts'),
  check: () => import('./commands/check.ts'),
  status: () => import('./commands/status.ts'),
  refresh: () => import('./commands/refresh.ts'),
  sandbox: () => import('./commands/sandbox.ts'),
  init: () => import('./commands/init.ts'),
  completion: () => import('./commands/completion.ts'),
};

async function main(argv: readonly string[]): Promise<number> {
  const [first = 'run', ...rest] = argv;
  const [topic] = rest;
  // As git and npm have it.
  if (first === 'help' && topic !== undefined && !topic.startsWith('-')) return main([topic, '--help']);
  if (first === '--help' || first === '-h' || first === 'help') {
    const [{ overview }, { FORMS }] = await Promise.all([
      import('./usage/help.ts'),
      import('./usage/index.ts'),
    ]);
    return print(overview(FORMS));
  }
  if (argv.includes('--version')) return print(`wx-token-sidecar ${version}\n`);
  // Without a command, or with options alone, the program runs the daemon.
  const [name, options] = first.startsWith('-') ? ['run', argv] : [first, rest];
  const load = isCommand(name) ? commands[name] : undefined;
  if (!load) {
    const { unknownCommand } = await import('./commands/unknown-command.ts');
    return unknownCommand(name, Object.keys(commands));
  }
  return (await load()).run(options);
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

function print(text: string): number {
  process.stdout.write(text);
  return EXIT.ok;
}

neutraliseDebugSwitches();
// The reader of our output may have ended. That must not end the daemon.
process.stderr.on('error', () => {});
process.stdout.on('error', () => {});

keepWebAssemblyPlain();
// Until there is a log: a command must not wait for a volume without a word.
volumes.tell((event) => complain(volumeMessage(event)));
/**
 * Waits until everything printed is in the pipe or the pipe has no reader any more. Otherwise the end of the process
 * would cut the output off.
 */
function printed(): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write('', () => resolve());
  });
}

async function end(code: number): Promise<never> {
  await printed();
  return endProcess(code);
}

main(process.argv.slice(2)).then(end, (error: unknown) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  complain(...`unexpected: ${text}`.split('\n'));
  return endProcess(EXIT.unexpected);
});
