import type { Findings } from '../../core/findings.ts';
import type { Language, Text } from '../../core/text.ts';
import { escapeControls } from '../../observability/log/escape.ts';
import { padded, readableWidth, type Terminal, wrapped } from '../status/table.ts';

/** Joins findings in the given order and drops repeated warnings. */
export function mergeFindings(...parts: readonly Findings[]): Findings {
  const warnings = new Map(parts.flatMap((part) => part.warnings).map((warning) => [warning.en, warning]));
  return { facts: parts.flatMap(({ facts }) => facts), warnings: [...warnings.values()] };
}

/** {@link Findings} in one language. */
export interface Said {
  readonly facts: readonly SaidFact[];
  readonly warnings: readonly string[];
}

export type SaidFact = readonly [label: string, text: string];

/** Says findings in a language. */
export function saidIn({ facts, warnings }: Findings, language: Language): Said {
  return {
    facts: facts.map(([label, text]) => [label[language], text[language]]),
    warnings: warnings.map((warning) => warning[language]),
  };
}

/** Width of the labels, in columns: the longest is `agent_config`. */
const LABEL_WIDTH = 12;

const WARNING: Text = { en: 'WARNING', zh: '警告' };

/**
 * Formats findings as a block of lines, the title first. Control characters in paths and hosts are escaped. Each fact is
 * one line for a program, and wrapped beside its label for a person.
 */
export function formatSection(
  title: string,
  { facts, warnings }: Said,
  { language, width }: Pick<Terminal, 'language' | 'width'>,
): string {
  const room = readableWidth(width) - LABEL_WIDTH - 3;
  const row = ([label, text]: SaidFact): readonly string[] =>
    wrapped(escapeControls(text), room).map(
      (line, index) => `  ${padded(index === 0 ? escapeControls(label) : '', LABEL_WIDTH)} ${line}`,
    );
  const lines = [
    escapeControls(title),
    ...facts.flatMap(row),
    ...warnings.flatMap((warning) => row([WARNING[language], warning])),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
