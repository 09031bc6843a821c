import { constants } from 'node:os';
import { type KeyPath, pathText } from '../../schema/key-path.ts';
import type { NotifierConfig } from '../config.ts';
import type { NotificationSettings } from '../schema/targets.ts';
import { type Context, isMissing } from './context.ts';

/**
 * Checks the notifiers of a credential and reports their problems. A missing pid file is not a problem: apps come and
 * go.
 */
export async function resolveNotify(
  notify: readonly (NotificationSettings | undefined)[],
  at: KeyPath,
  context: Context,
): Promise<NotifierConfig[]> {
  const resolved = await Promise.all(
    notify.map(
      async (notification, index) =>
        notification && (await resolveOne(notification, [...at, 'notify', index], context)),
    ),
  );
  refuseDoubled(resolved, [...at, 'notify'], context);
  return resolved.filter((notifier) => notifier !== undefined);
}

/** Reports a notifier that is configured twice, even with another timeout: it would be notified twice. */
function refuseDoubled(
  resolved: readonly (NotifierConfig | undefined)[],
  at: KeyPath,
  context: Context,
): void {
  const first = new Map<string, number>();
  for (const [index, notifier] of resolved.entries()) {
    if (!notifier) continue;
    const what = JSON.stringify({ ...notifier, timeout: 0 });
    const known = first.get(what);
    if (known === undefined) first.set(what, index);
    else context.complain([...at, index], `is the same as ${pathText([...at, known])}: tell it once`);
  }
}

async function resolveOne(
  notification: NotificationSettings,
  at: KeyPath,
  context: Context,
): Promise<NotifierConfig | undefined> {
  switch (notification.type) {
    case 'exec': {
      const { type, command, timeout } = notification;
      const program = await readCommand(command, [...at, 'command'], context);
      return program && { type, command: program, timeout };
    }
    case 'webhook': {
      const { type, url, timeout } = notification;
      isMissing(context, [...at, 'url'], url, 'where the change is posted to');
      return url === undefined ? undefined : { type, url, timeout };
    }
    case 'signal': {
      const { type, pidFile } = notification;
      const signal = readSignal(notification.signal, [...at, 'signal'], context);
      isMissing(context, [...at, 'pidFile'], pidFile, 'the file that holds the pid');
      return pidFile === undefined || !signal ? undefined : { type, pidFile, signal };
    }
  }
}

async function readCommand(
  command: readonly (string | undefined)[] | undefined,
  at: KeyPath,
  context: Context,
): Promise<[string, ...string[]] | undefined> {
  if (isMissing(context, at, command, 'the program and its arguments') || !command) return undefined;
  if (command.length === 0) context.complain(at, 'is empty: name the program by its absolute path');
  const [program, ...parameters] = command;
  if (program === undefined) return undefined;
  if (!program.startsWith('/')) {
    context.complain([...at, 0], 'must be the absolute path of a program: there is no shell and no search');
  } else {
    const problem = await context.programProblem(program);
    if (problem !== undefined) context.complain([...at, 0], problem);
  }
  return [program, ...parameters.filter((parameter) => parameter !== undefined)];
}

function readSignal(name: string, at: KeyPath, context: Context): NodeJS.Signals | undefined {
  const full = name.startsWith('SIG') ? name : `SIG${name}`;
  if (full === 'SIGKILL' || full === 'SIGSTOP') {
    context.complain(
      at,
      'would end or freeze the app, which could not answer it; usual ones are HUP, USR1, USR2',
    );
    return undefined;
  }
  if (isSignal(full)) return full;
  context.complain(at, 'is no signal of this system; usual ones are HUP, USR1, USR2, TERM');
  return undefined;
}

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
}
