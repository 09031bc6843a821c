import { closest, didYouMean } from '../core/closest.ts';
import type { Text } from '../core/text.ts';
import { complain } from './complain.ts';
import { EXIT } from './exit.ts';
import { ambientLanguage } from './language.ts';

/**
 * Tells that there is no such command, which ones there are, and which was probably meant.
 * @returns the exit code
 */
export function unknownCommand(name: string, commands: readonly string[]): number {
  const shown = JSON.stringify(name);
  const what: Text = {
    en: `${shown} is not a command; there are ${commands.join(', ')}`,
    zh: `${shown} 不是命令；命令有 ${commands.join('、')}`,
  };
  const meant = closest(name, commands);
  complain(didYouMean(what, meant === undefined ? [] : [meant])[ambientLanguage()]);
  return EXIT.badConfig;
}
