import { ConfigError } from '../config/config-error.ts';
import type { Text } from '../core/text.ts';
import { SECOND } from '../core/time.ts';
import { COMPLETION, SHELLS, type Shell } from '../usage/completion.ts';
import { bashScript } from '../usage/completions/bash.ts';
import { fishScript } from '../usage/completions/fish.ts';
import { zshScript } from '../usage/completions/zsh.ts';
import type { CommandForm } from '../usage/form.ts';
import { helpOf } from '../usage/help.ts';
import { FORMS } from '../usage/index.ts';
import { ARGUMENTS, asksForHelp, readArguments } from './arguments.ts';
import { EXIT } from './exit.ts';
import { configLoader, createSession } from './session.ts';

const SCRIPTS: Readonly<Record<Shell, (forms: readonly CommandForm[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** How long, in ms, somebody who has pressed Tab waits for names. */
const PATIENCE = SECOND;

/**
 * Runs `completion`: prints the script of a shell, or the names for which the scripts ask.
 * @returns the exit code
 */
export async function run(argv: readonly string[]): Promise<number> {
  if (asksForHelp(argv)) {
    process.stdout.write(helpOf(COMPLETION));
    return EXIT.ok;
  }
  try {
    const { values, positionals } = readArguments(argv, COMPLETION);
    if (values.names) {
      const names = await namesWithin(PATIENCE, argv);
      process.stdout.write(names.map((name) => `${name}\n`).join(''));
      return EXIT.ok;
    }
    const shell = SHELLS.find((one) => one === positionals[0]);
    if (!shell || positionals.length > 1) {
      const what: Text = {
        en: `name one shell: ${SHELLS.join(', ')}`,
        zh: `写一种 shell：${SHELLS.join('、')}`,
      };
      throw new ConfigError([{ where: ARGUMENTS, what }]);
    }
    process.stdout.write(SCRIPTS[shell](FORMS));
    return EXIT.ok;
  } catch (error) {
    return createSession().report(error);
  }
}

/** Returns the names of the credentials, or none: who presses Tab does not want to read what is wrong. */
async function namesWithin(patience: number, argv: readonly string[]): Promise<readonly string[]> {
  const load = configLoader(argv, { publishes: false, fetches: false });
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, patience, undefined));
  const config = await Promise.race([load().catch(() => undefined), late]);
  return [...(config?.credentials ?? []), ...(config?.many ?? [])].map(({ name }) => name);
}
