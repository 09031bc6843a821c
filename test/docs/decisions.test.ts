import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const FOLDER = 'docs/decisions';
const PARTS = ['To be decided', 'Chosen', 'Why', 'Measured', 'Look again'];

const names = (await readdir(FOLDER)).filter((name) => /^\d{4}-.*\.md$/.test(name)).sort();

describe('records of decisions', () => {
  it('the index lists every record by its number and title, in order', async () => {
    const index = await readFile(join(FOLDER, 'README.md'), 'utf8');
    const rows = [...index.matchAll(/^\| \[(\d{4})\]\((\S+)\) \| (.+) \|$/gm)];
    expect(rows.map(([, , name]) => name)).toEqual(names);
    for (const [, number = '', name = '', title] of rows) {
      const [heading] = (await readFile(join(FOLDER, name), 'utf8')).split('\n');
      expect(heading).toBe(`# ${number}: ${title}`);
      expect(name.startsWith(`${number}-`), name).toBe(true);
    }
  });

  it.each(names)(
    '%s says what was to be decided, chosen, why, what was measured and when to look again',
    async (name) => {
      const headings = [...(await readFile(join(FOLDER, name), 'utf8')).matchAll(/^## (.+)$/gm)].map(
        ([, heading = '']) => heading,
      );
      expect(headings.filter((heading) => PARTS.includes(heading))).toEqual(PARTS);
    },
  );

  it.each(names)('%s has no broken link', async (name) => {
    const path = join(FOLDER, name);
    for (const [, link = ''] of (await readFile(path, 'utf8')).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      await access(join(dirname(path), link));
    }
  });
});
