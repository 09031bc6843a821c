import type { Text } from '../../core/text.ts';

/** A switch of the environment, and what a person should know of it. */
export interface DebugSwitch {
  readonly what: Text;
  readonly advice: Text;
}

/**
 * Keeps what Node and libraries can be told to print by variables of the environment off standard error: it holds
 * requests with their secrets, and tokens. Node reads NODE_DEBUG before any program begins, so taking the variable
 * away would change nothing; but all its output goes through `process.stderr`, one write for each message. Also
 * leaves the environment, which may hold an AppSecret, out of Node's diagnostic reports.
 *
 * Call it before anything else.
 */
export function neutraliseDebugSwitches(): void {
  if (process.env['NODE_DEBUG']) dropDebugOutput(process.stderr);
  if (!process.report) return;
  // Since Node 22.13 and 23.3. Before, a report cannot do without the environment.
  if ('excludeEnv' in process.report) Reflect.set(process.report, 'excludeEnv', true);
  else {
    process.report.reportOnFatalError = false;
    process.report.reportOnUncaughtException = false;
    if (process.report.reportOnSignal) process.on(process.report.signal, () => {});
    process.report.reportOnSignal = false;
  }
}

/** Matches a message of `util.debuglog`: its section, in capital letters, and the process id. */
const DEBUG_OUTPUT = new RegExp(`^[^a-z\\s]+ (\u001b\\[\\d+m)?${process.pid}(\u001b\\[\\d+m)?: `);

function dropDebugOutput(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream) as (...args: readonly unknown[]) => boolean;
  stream.write = (...args: readonly unknown[]) => {
    const [chunk] = args;
    return typeof chunk === 'string' && DEBUG_OUTPUT.test(chunk) ? true : write(...args);
  };
}

/**
 * Flags of Node that hand out the memory of the process, or the keys of its connections, and cannot be undone from
 * inside.
 */
const FLAGS =
  /^--(inspect(-brk|-wait|-port|-publish-uid)?|heapsnapshot-signal|heapsnapshot-near-heap-limit|tls-keylog|abort-on-uncaught-exception)(?=$|=)/;

/** Finds the switches of the environment and of the command line that are ignored or that can reveal secrets. */
export function debugSwitches(
  environment: Readonly<Record<string, string | undefined>>,
  flags: readonly string[],
): readonly DebugSwitch[] {
  const { NODE_DEBUG, NODE_OPTIONS = '' } = environment;
  const given = [...flags, ...NODE_OPTIONS.split(/\s+/)];
  const risky = new Set(given.flatMap((flag) => FLAGS.exec(flag.replace(/^"|"$/g, ''))?.[0] ?? []));
  return [
    ...(NODE_DEBUG
      ? [
          {
            what: {
              en: 'NODE_DEBUG is ignored: what it prints holds the AppSecret and tokens',
              zh: 'NODE_DEBUG 不起作用：它打印的内容里有 AppSecret 和 token',
            },
            advice: {
              en: 'take NODE_DEBUG out of the environment of the daemon; WXTOKEN_LOG_LEVEL=debug logs more',
              zh: '从守护进程的环境变量里去掉 NODE_DEBUG；WXTOKEN_LOG_LEVEL=debug 可以记录更多',
            },
          },
        ]
      : []),
    ...[...risky].map((flag) => ({
      what: { en: `${flag} can reveal the AppSecret and tokens`, zh: `${flag} 可能泄露 AppSecret 和 token` },
      advice: {
        en: `take ${flag} out of NODE_OPTIONS or the command line, and remove what it has written`,
        zh: `从 NODE_OPTIONS 或命令行里去掉 ${flag}，并删除它写下的内容`,
      },
    })),
  ];
}
