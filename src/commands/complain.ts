import { escapeControls } from '../observability/log/escape.ts';

/** A stream that takes lines of text. */
export interface Output {
  write(text: string): unknown;
}

/** Writes lines for the operator to standard error. Control characters in them are escaped, so each stays one line. */
export function complain(...lines: readonly string[]): void {
  complainTo(process.stderr, ...lines);
}

/** Writes lines for the operator to `stderr`, like {@link complain}. */
export function complainTo(stderr: Output, ...lines: readonly string[]): void {
  for (const line of lines) stderr.write(`${escapeControls(`wx-token-sidecar: ${line}`)}\n`);
}
