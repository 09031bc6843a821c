import type { Text } from './text.ts';

/** A line of `check` for people: what it is about, and what was found. The label is empty for more about the line before. */
export type Fact = readonly [label: Text, text: Text];

export interface Findings {
  readonly facts: readonly Fact[];
  /** What works today and may be regretted tomorrow. */
  readonly warnings: readonly Text[];
}

/** The label of a line that says more about the one before. */
export const MORE: Text = { en: '', zh: '' };

/** The label of advice. */
export const TO_DO: Text = { en: 'to do', zh: '处理' };
