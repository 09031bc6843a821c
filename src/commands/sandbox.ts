import { isCorpId } from '../sandbox/accounts.ts';
import { readSandboxArguments } from '../sandbox/arguments.ts';
import { type SandboxAccount, SandboxError, startSandbox } from '../sandbox/index.ts';
import { helpOf } from '../usage/help.ts';
import { SANDBOX } from '../usage/sandbox.ts';
import { asksForHelp } from './arguments.ts';
import { complain } from './complain.ts';
import { EXIT } from './exit.ts';
import { ambientLanguage } from './language.ts';
import { listenForSignals } from './signals.ts';

/**
 * Runs the sandbox until TERM, INT or HUP.
 * @returns the exit code
 */
export async function run(argv: readonly string[]): Promise<number> {
  if (asksForHelp(argv)) {
    process.stdout.write(helpOf(SANDBOX));
    return EXIT.ok;
  }
  const signals = listenForSignals();
  const language = ambientLanguage();
  const parsed = readSandboxArguments(argv);
  if (parsed.kind === 'problems') {
    complain(...parsed.problems.map((problem) => problem[language]));
    return EXIT.badConfig;
  }
  try {
    const sandbox = await startSandbox(parsed.options);
    try {
      process.stdout.write(introduction(sandbox.url, parsed.options.accounts));
      // HUP ends the sandbox, which has nothing to refresh: the signal means that the terminal is gone.
      await Promise.race([signals.end, new Promise<void>(signals.onHangup)]);
    } finally {
      await sandbox.close();
    }
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    complain(error.told[language]);
    return error.code === 'SANDBOX_ADDRESS_IN_USE' ? EXIT.unexpected : EXIT.badConfig;
  }
}

/**
 * Returns lines for a shell that is to start the daemon, which inherits what is exported. Further accounts are
 * commented out, because one environment configures one account.
 */
function introduction(url: string, accounts: readonly SandboxAccount[]): string {
  const blocks = accounts.map(({ appId, secret }, position) => {
    const lines = [
      // A shell would take the brackets of an IPv6 address for a pattern.
      `WXTOKEN_API_BASE_URL=${url.includes('[') ? `'${url}'` : url}`,
      `WXTOKEN_APPID=${appId}`,
      `WXTOKEN_SECRET=${secret}`,
      ...(isCorpId(appId) ? ['WXTOKEN_TYPE=wecom'] : []),
    ];
    return lines.map((line) => `${position === 0 ? '' : '# '}export ${line}\n`).join('');
  });
  return `# WeChat sandbox at ${url}, control path ${url}/sandbox/\n${blocks.join('#\n')}`;
}
