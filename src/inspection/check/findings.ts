import type { Findings } from '../../core/findings.ts';
import { escapeControls } from '../../observability/log/escape.ts';

/** Joins findings in the given order and drops repeated warnings. */
export function mergeFindings(...parts: readonly Findings[]): Findings {
  const warnings = new Set(parts.flatMap((part) => part.warnings));
  return { facts: parts.flatMap(({ facts }) => facts), warnings: [...warnings] };
}

/** Width of the labels, in characters: the longest is `agent_config`. */
const LABEL_WIDTH = 12;

/**
 * Formats findings as a block of lines, the title first. Control characters in paths and hosts are escaped, so each
 * fact stays one line.
 */
export function formatSection(title: string, { facts, warnings }: Findings): string {
  const lines = [
    title,
    ...facts.map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)} ${text}`),
    ...warnings.map((warning) => `  ${'WARNING'.padEnd(LABEL_WIDTH)} ${warning}`),
  ];
  return lines.map((line) => `${escapeControls(line)}\n`).join('');
}
