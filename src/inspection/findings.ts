import { escapeControls } from '../operations/escape.ts';

/** A line for people: what it is about, and what was found. */
export type Fact = readonly [label: string, text: string];

export interface Findings {
  readonly facts: readonly Fact[];
  /** What works today and may be regretted tomorrow. */
  readonly warnings: readonly string[];
}

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
