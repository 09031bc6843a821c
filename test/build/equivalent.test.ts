import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { EQUIVALENT } from '../mutation/equivalent.mjs';

it.each(EQUIVALENT)(
  'the line that was judged to survive is there: $file, $line',
  async ({ file, line, from }) => {
    const lines = (await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')).split('\n');
    expect(lines.map((one) => one.trim())).toContain(line);
    expect(line).toContain(from);
  },
);
