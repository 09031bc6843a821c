import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Seen from the bundle. */
const RESULTS = fileURLToPath(new URL('../test/bench/RESULTS.md', import.meta.url));

const MEASURED = /(<!-- measured -->\n).*(<!-- \/measured -->)/s;

/** Puts what was measured between its marks; what people have written around them stays. */
export async function writeResults(results: string): Promise<void> {
  const before = await readFile(RESULTS, 'utf8');
  await writeFile(
    RESULTS,
    before.replace(MEASURED, (_, head, tail) => `${head}\n${results}\n\n${tail}`),
  );
}
