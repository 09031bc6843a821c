import { once } from 'node:events';
import { isCorpId } from '../sandbox/accounts.ts';
import { readSandboxArguments } from '../sandbox/arguments.ts';
import { type SandboxAccount, SandboxError, startSandbox } from '../sandbox/index.ts';

const CONFIG_ERROR = 78;

const HELP = `wx-token-sidecar sandbox [OPTIONS]

A faithful WeChat token platform on loopback, for demos, tests and offline work.

  --listen HOST:PORT       loopback only; port 0 is a free one (default 127.0.0.1:8866)
  --account APPID:SECRET   may be repeated; ww… is a corp, which may have several secrets
                           (default wx0000000000000000 and a secret of 32 zeros)
  --token-ttl DURATION     life of tokens and tickets (default 7200s)
  --overlap DURATION       how long a replaced token of the classic endpoint stays valid (default 300s)
  --rotation-window DURATION
                           from when before its end a stable token is replaced
                           (default 300s, or a quarter of a shorter life)
  --daily-quota N          fetches per account and day at the classic endpoint (default 2000)
  --latency DURATION       how long every answer is held back (default 0ms)
  --help                   this text

Faults, the clock, accounts and the journal are on the control path, URL/sandbox/.
Exit: 0 stopped by TERM or INT, 1 the address is in use, 78 bad arguments.
`;

/** Runs the command; resolves with the process's exit code (0, 1 or 78). */
export async function run(argv: readonly string[]): Promise<number> {
  const wish = readSandboxArguments(argv);
  if (wish.kind === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if (wish.kind === 'problems') return complain(wish.problems, CONFIG_ERROR);
  const stop = stopSignal();
  try {
    const sandbox = await startSandbox(wish.options);
    try {
      process.stdout.write(introduction(sandbox.url, wish.options.accounts));
      await stop.received;
    } finally {
      await sandbox.close();
    }
    return 0;
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    return complain([error.message], error.code === 'SANDBOX_ADDRESS_IN_USE' ? 1 : CONFIG_ERROR);
  } finally {
    stop.forget();
  }
}

/** Listens from now on, so that a signal during start-up is not lost. */
function stopSignal(): { readonly received: Promise<unknown>; readonly forget: () => void } {
  const listening = new AbortController();
  const { signal } = listening;
  const received = Promise.race([once(process, 'SIGTERM', { signal }), once(process, 'SIGINT', { signal })]);
  received.catch(() => undefined);
  return { received, forget: () => listening.abort() };
}

function complain(problems: readonly string[], exitCode: number): number {
  process.stderr.write(problems.map((problem) => `sandbox: ${problem}\n`).join(''));
  return exitCode;
}

/** An environment file for the daemon. Further accounts are commented out: one environment holds one account. */
function introduction(url: string, accounts: readonly SandboxAccount[]): string {
  const blocks = accounts.map(({ appId, secret }, position) => {
    const lines = [
      `WXTOKEN_API_BASE_URL=${url}`,
      `WXTOKEN_APPID=${appId}`,
      `WXTOKEN_SECRET=${secret}`,
      ...(isCorpId(appId) ? ['WXTOKEN_TYPE=wecom'] : []),
    ];
    return lines.map((line) => `${position === 0 ? '' : '# '}${line}\n`).join('');
  });
  return `# WeChat sandbox at ${url}, control path ${url}/sandbox/\n${blocks.join('#\n')}`;
}
