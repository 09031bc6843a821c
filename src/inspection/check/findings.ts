import type { Findings } from '../../core/findings.ts';
import { escapeControls } from '../../observability/log/escape.ts';

/** In this order, what was found twice once. */
export function gather(...parts: readonly Findings[]): Findings {
  const warnings = new Set(parts.flatMap((part) => part.warnings));
  return { facts: parts.flatMap(({ facts }) => facts), warnings: [...warnings] };
}

/** Characters: the longest label is `agent_config`. */
const LABEL = 12;

/** A block of lines, the title first. Whatever a path or a host holds, each stays one line. */
export function render(title: string, { facts, warnings }: Findings): string {
  const lines = [
    title,
    ...facts.map(([label, text]) => `  ${label.padEnd(LABEL)} ${text}`),
    ...warnings.map((warning) => `  ${'WARNING'.padEnd(LABEL)} ${warning}`),
  ];
  return lines.map((line) => `${escapeControls(line)}\n`).join('');
}
