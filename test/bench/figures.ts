/** What several rounds came to. */
export interface Figures {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function figuresOf(values: readonly number[]): Figures {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  };
}

/** Round by round: what slows the machine down slows both down. */
export function ratiosOf(ours: readonly number[], bare: readonly number[]): Figures {
  return figuresOf(ours.map((value, index) => value / (bare[index] ?? Number.NaN)));
}

/** `1.53 (1.41–1.60)`, or with a unit `153 ms (141–160)`. */
export function shown({ median, least, most }: Figures, unit = '', digits = unit === '' ? 2 : 0): string {
  const [middle, from, to] = [median, least, most].map((value) => value.toFixed(digits));
  return `${middle}${unit && ` ${unit}`} (${from}–${to})`;
}
