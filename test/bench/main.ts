import { describeMachine } from './machine.ts';
import { MEASURES } from './measures.ts';
import { writeResults } from './results.ts';
import type { Row, Table } from './row.ts';
import { budgetTable, markdown } from './table.ts';

const HELP = `npm run bench [-- ROW …]

Measures the budgets, each as a ratio to bare Node doing the same in the same run, and what people would use instead,
and prints tables. With all rows it takes about ten minutes and writes test/bench/RESULTS.md.
Rows: ${Object.keys(MEASURES).join(', ')}. BENCH_CREDENTIALS=N measures another number of credentials than 10000.
`;

async function main(asked: readonly string[]): Promise<number> {
  const unknown = asked.filter((name) => !Object.hasOwn(MEASURES, name));
  if (unknown.length > 0) {
    process.stdout.write(HELP);
    return asked.includes('--help') ? 0 : 2;
  }
  const rows: Row[] = [];
  const tables: Table[] = [];
  for (const [name, measure] of Object.entries(MEASURES)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const undo: (() => Promise<void>)[] = [];
    say(`${name} …`);
    try {
      for (const found of await measure({ say, atEnd: (one) => undo.unshift(one) })) {
        if ('title' in found) tables.push(found);
        else rows.push(found);
      }
    } finally {
      for (const one of undo) await one();
    }
  }
  const results = [
    `${describeMachine()}.`,
    ...(rows.length > 0 ? [budgetTable(rows)] : []),
    ...tables.flatMap((table) => [`${table.title}:`, markdown(table.rows)]),
  ].join('\n\n');
  process.stdout.write(`${results}\n`);
  if (asked.length === 0) await writeResults(results);
  return 0;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
