import { describeMachine } from './machine.ts';
import { MEASURES } from './measures.ts';
import { writeResults } from './results.ts';
import type { Row } from './row.ts';
import { tableOf } from './table.ts';

const HELP = `npm run bench [-- ROW …]

Measures the budgets, each as a ratio to bare Node doing the same in the same run, and prints them. With all rows it
takes about four minutes and writes test/bench/RESULTS.md. Rows: ${Object.keys(MEASURES).join(', ')}.
`;

async function main(asked: readonly string[]): Promise<number> {
  const unknown = asked.filter((name) => !Object.hasOwn(MEASURES, name));
  if (unknown.length > 0) {
    process.stdout.write(HELP);
    return asked.includes('--help') ? 0 : 2;
  }
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(MEASURES)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    say(`${name} …`);
    const undo: (() => Promise<void>)[] = [];
    try {
      rows.push(...(await measure({ say, atEnd: (one) => undo.unshift(one) })));
    } finally {
      for (const one of undo) await one();
    }
  }
  process.stdout.write(`${describeMachine()}\n\n${tableOf(rows)}\n`);
  if (asked.length === 0) await writeResults(describeMachine(), tableOf(rows));
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
