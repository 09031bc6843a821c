/** One line of the table of budgets. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  /** The same done by bare Node in the same run. */
  readonly bare: string;
  /** What the budget bounds: a ratio, or a figure by itself. */
  readonly figure: string;
  /** Absent where the figure is there to be compared alone. */
  readonly budget?: string;
  readonly met?: boolean;
}

/** A table of its own. */
export interface Table {
  readonly title: string;
  /** The first is the head. */
  readonly rows: readonly (readonly string[])[];
}

export interface Surroundings {
  /** Where an undo is registered: in reverse order at the end, whatever happened. */
  readonly atEnd: (undo: () => Promise<void>) => void;
  /** Says what is being done. */
  readonly say: (line: string) => void;
}

/** Measures; bounded, and ends whatever it has started. */
export type Measure = (surroundings: Surroundings) => Promise<readonly (Row | Table)[]>;
