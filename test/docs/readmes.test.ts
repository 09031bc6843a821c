import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../../src/config/variables.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READMES = ['README.md', 'README.zh-CN.md'];

/** As they are made for the headings of a page: `#one-refresher-for-a-cluster`. */
function anchorsOf(markdown: string): readonly string[] {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

const read = (name: string) => readFile(join(ROOT, name), 'utf8');

describe.each(READMES)('%s', (name) => {
  it(`${name} names every environment variable that exists and no other`, async () => {
    const named = new Set((await read(name)).match(/\bWXTOKEN_[A-Z0-9_]*[A-Z0-9]/g));
    expect([...named].sort()).toEqual([...VARIABLES].sort());
  });

  it(`${name} runs nothing but wx-token-sidecar with docker exec`, async () => {
    const called = [...(await read(name)).matchAll(/docker exec \S+ (\S+)/g)].map(([, program]) => program);
    expect(new Set(called)).toEqual(new Set(['wx-token-sidecar']));
  });

  it(`${name} has no broken relative link or anchor`, async () => {
    const links = [...(await read(name)).matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g)];
    expect(links.length).toBeGreaterThan(5);
    for (const [, path = '', anchor = ''] of links) {
      const file = path === '' ? name : join(dirname(name), path);
      await access(join(ROOT, file));
      if (anchor !== '') expect(anchorsOf(await read(file)), `${path}#${anchor}`).toContain(anchor);
    }
  });
});

describe('Chinese translation of the README', () => {
  it('the Chinese README lists the same guarantees as the English one', async () => {
    const [english, chinese] = await Promise.all(READMES.map(read));
    const guarantees = (text = '') => [...text.matchAll(/^\| (G\d) \| \*\*/gm)].map(([, one]) => one);
    expect(guarantees(chinese)).toEqual(guarantees(english));
  });

  it('the Chinese README lists the same commands and options as the English one', async () => {
    const [english, chinese] = await Promise.all(READMES.map(read));
    const commands = (text = '') =>
      [...text.matchAll(/^\| `((?:run|once|check|status|refresh|sandbox)\b[^`]*)`/gm)].map(([, one]) => one);
    expect(commands(chinese)).toEqual(commands(english));
    expect(commands(chinese)).toHaveLength(6);
  });
});
