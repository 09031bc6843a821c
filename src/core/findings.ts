/** A line of `check` for people: what it is about, and what was found. */
export type Fact = readonly [label: string, text: string];

export interface Findings {
  readonly facts: readonly Fact[];
  /** What works today and may be regretted tomorrow. */
  readonly warnings: readonly string[];
}
