import { escapeControls } from '../operations/escape.ts';

/** Says on standard error what a person has to know, a line each, whatever is in it. */
export function complain(...lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`${escapeControls(`wx-token-sidecar: ${line}`)}\n`);
}
