/** What one test has measured; absent where there is nothing to measure. */
export type Row = Readonly<Record<string, string | number | undefined>>;

export interface Table {
  add(row: Row): void;
  /** All rows with their columns aligned, for whoever reads the output of the tests. */
  print(title: string): void;
}

export function createTable(): Table {
  const rows: Row[] = [];
  return {
    add: (row) => void rows.push(row),
    print(title) {
      const heads = [...new Set(rows.flatMap(Object.keys))];
      const cells = [heads, ...rows.map((row) => heads.map((head) => String(row[head] ?? '-')))];
      const widths = heads.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
      const lines = cells.map((row) =>
        row
          .map((cell, index) =>
            index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0),
          )
          .join('  '),
      );
      process.stdout.write(`\n${title}\n\n${lines.join('\n')}\n\n`);
    },
  };
}
