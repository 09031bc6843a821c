import { escapeControls } from '../observability/log/escape.ts';

/** Where lines for people go. */
export interface Output {
  write(text: string): unknown;
}

/** Says on standard error what a person has to know, a line each, whatever is in it. */
export function complain(...lines: readonly string[]): void {
  complainTo(process.stderr, ...lines);
}

export function complainTo(stderr: Output, ...lines: readonly string[]): void {
  for (const line of lines) stderr.write(`${escapeControls(`wx-token-sidecar: ${line}`)}\n`);
}
