import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Seen from the bundle. */
const RESULTS = fileURLToPath(new URL('../test/bench/RESULTS.md', import.meta.url));

const MEASURED = /(<!-- measured -->\n).*(\n<!-- \/measured -->)/s;

/** Puts what was measured between its marks; what people have written around them stays. */
export async function writeResults(machine: string, table: string): Promise<void> {
  const before = await readFile(RESULTS, 'utf8');
  const after = before.replace(MEASURED, (_, head, tail) => `${head}\n${machine}\n\n${table}\n${tail}`);
  await writeFile(RESULTS, after);
}
