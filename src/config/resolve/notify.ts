import { constants } from 'node:os';
import type { Text } from '../../core/text.ts';
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
    else {
      const other = pathText([...at, known]);
      context.complain([...at, index], {
        en: `is the same as ${other}: tell it once`,
        zh: `与 ${other} 相同：通知一次就够`,
      });
    }
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
      isMissing(context, [...at, 'url'], url, { en: 'where the change is posted to', zh: '变更发往哪里' });
      return url === undefined ? undefined : { type, url, timeout };
    }
    case 'signal': {
      const { type, pidFile } = notification;
      const signal = readSignal(notification.signal, [...at, 'signal'], context);
      isMissing(context, [...at, 'pidFile'], pidFile, {
        en: 'the file that holds the pid',
        zh: '内容为 pid 的文件',
      });
      return pidFile === undefined || !signal ? undefined : { type, pidFile, signal };
    }
  }
}

async function readCommand(
  command: readonly (string | undefined)[] | undefined,
  at: KeyPath,
  context: Context,
): Promise<[string, ...string[]] | undefined> {
  const wanted: Text = { en: 'the program and its arguments', zh: '程序及其参数' };
  if (isMissing(context, at, command, wanted) || !command) return undefined;
  if (command.length === 0) {
    context.complain(at, {
      en: 'is empty: name the program by its absolute path',
      zh: '是空的：写上程序的绝对路径',
    });
  }
  const [program, ...parameters] = command;
  if (program === undefined) return undefined;
  if (!program.startsWith('/')) {
    context.complain([...at, 0], {
      en: 'must be the absolute path of a program: there is no shell and no search',
      zh: '必须是程序的绝对路径：这里没有 shell，也不在 PATH 里查找',
    });
  } else {
    const problem = await context.programProblem(program);
    if (problem !== undefined) context.complain([...at, 0], problem);
  }
  return [program, ...parameters.filter((parameter) => parameter !== undefined)];
}

function readSignal(name: string, at: KeyPath, context: Context): NodeJS.Signals | undefined {
  const full = name.startsWith('SIG') ? name : `SIG${name}`;
  if (full === 'SIGKILL' || full === 'SIGSTOP') {
    context.complain(at, {
      en: 'would end or freeze the app, which could not answer it; usual ones are HUP, USR1, USR2',
      zh: '会结束或冻结应用，应用无法处理它；常用的是 HUP、USR1、USR2',
    });
    return undefined;
  }
  if (isSignal(full)) return full;
  context.complain(at, {
    en: 'is no signal of this system; usual ones are HUP, USR1, USR2, TERM',
    zh: '不是本系统的信号；常用的是 HUP、USR1、USR2、TERM',
  });
  return undefined;
}

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
}
