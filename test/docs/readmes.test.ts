import { access, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../../src/config/read/environment.ts';
import { LANGUAGES } from '../../src/core/text.ts';
import { credentialKinds } from '../../src/providers/kinds.ts';
import { ERRCODE_PAGES, errcodePage } from './errcode-table.ts';
import {
  anchorsOf,
  blocksOf,
  codeWith,
  linksOf,
  pages,
  ROOT,
  rowsOf,
  sectionOf,
  textOf,
  translations,
} from './readme.ts';

const PAGES = await pages();
const CHINESE = (await translations()).map(({ chinese }) => chinese);
const ALL = [...PAGES, ...CHINESE, 'CONTRIBUTING.md', 'SECURITY.md', 'k8s/monitoring/README.md'];

const variablesIn = (text: string) => new Set(text.match(/\bWXTOKEN_[A-Z0-9_]*[A-Z0-9]/g));

const commandsIn = (text: string) =>
  [...text.matchAll(/^\| `((?:run|once|check|status|refresh|init|completion|sandbox)\b[^`]*)`/gm)].map(
    ([, one]) => one,
  );

/** Where the codes of each family stand on their page. */
const HEADINGS = {
  official: 'Official accounts .+',
  'open-platform': 'Third parties .+',
  wecom: 'WeCom',
  'wecom-service': 'Service providers .+',
  qq: 'QQ bots',
};

const guaranteesIn = (text: string) => [...text.matchAll(/^\| (G\d) \| \*\*/gm)].map(([, one]) => one);

/** What a newcomer runs first, and every change must pass. */
const TESTS = 'npm ci && npm test';

describe.each(ALL)('%s', (page) => {
  it(`${page} has no broken relative link or anchor`, async () => {
    for (const { file, anchor } of linksOf(page, await textOf(page))) {
      await access(join(ROOT, file));
      if (anchor !== '') expect(anchorsOf(await textOf(file)), `${file}#${anchor}`).toContain(anchor);
    }
  });

  it(`${page} names only environment variables that exist`, async () => {
    for (const name of variablesIn(await textOf(page))) expect(VARIABLES).toContain(name);
  });

  it(`${page} names only files and folders that exist`, async () => {
    const named = (await textOf(page)).matchAll(/`((?:src|test|build|k8s)\/[\w./-]*)`/g);
    for (const [, path = ''] of named) await access(join(ROOT, path));
  });

  it(`${page} runs nothing but wx-token-sidecar with docker exec`, async () => {
    const called = (await textOf(page)).matchAll(/docker exec \S+ (\S+)/g);
    for (const [, program] of called) expect(program).toBe('wx-token-sidecar');
  });
});

describe('README.md', () => {
  it('the READMEs give the command that runs the tests, as .ci/run has it', async () => {
    expect(await textOf('.ci/run')).toContain(TESTS);
    for (const readme of ['README.md', 'README.zh-CN.md'])
      expect(await textOf(readme)).toContain(`\`\`\`sh\n${TESTS}\n\`\`\``);
  });

  it('README.md has at most 250 lines', async () => {
    expect((await textOf('README.md')).trimEnd().split('\n').length).toBeLessThanOrEqual(250);
  });

  it('the index of README.md links to every page of docs/', async () => {
    const index = sectionOf(await textOf('README.md'), 'Documentation');
    const linked = linksOf('README.md', index).map(({ file }) => file);
    expect(linked).toEqual(expect.arrayContaining(PAGES.filter((page) => page !== 'README.md')));
  });

  it('README.md links to each set of manifests in k8s/, to the chart and to the man page', async () => {
    const linked = linksOf('README.md', await textOf('README.md')).map(({ file }) => file);
    const files = await readdir(join(ROOT, 'k8s'), { recursive: true });
    const applied = files.filter((path) => /(^|\/)(kustomization|Chart)\.yaml$/.test(path));
    expect(applied.length).toBeGreaterThan(0);
    for (const path of applied) {
      const folder = join('k8s', dirname(path));
      expect(
        [folder, join(folder, 'README.md')].some((place) => linked.includes(place)),
        folder,
      ).toBe(true);
    }
    expect(linked).toContain('docs/wx-token-sidecar.1');
  });

  it('README.md lists the commands', async () => {
    const names = commandsIn(await textOf('README.md')).map((command = '') => command.split(' ')[0]);
    expect(names).toEqual(['run', 'once', 'check', 'status', 'refresh', 'init', 'completion', 'sandbox']);
  });

  it('README.md says of every type for which account it is, and names no other', async () => {
    const [, ...rows] = rowsOf(sectionOf(await textOf('README.md'), 'Which account, which type\\?'));
    const named = rows.flatMap(([, cell = '']) => [...cell.matchAll(/`([a-z-]+)`/g)].map(([, type]) => type));
    expect([...new Set(named)].sort()).toEqual(credentialKinds.map(({ type }) => type).sort());
  });

  it('README.md has a table of ten variables that exist', async () => {
    const [, ...rows] = rowsOf(sectionOf(await textOf('README.md'), 'Configuration'));
    const names = rows.map(([cell = '']) => cell.replaceAll('`', ''));
    expect(new Set(names).size).toBe(10);
    expect(VARIABLES).toEqual(expect.arrayContaining(names));
  });

  it('docs/guarantees.md explains each guarantee of README.md and names a test of it', async () => {
    const guarantees = await textOf('docs/guarantees.md');
    const numbers = guaranteesIn(await textOf('README.md'));
    expect(numbers).toEqual(['G1', 'G2', 'G3', 'G4', 'G5', 'G6', 'G7', 'G8', 'G9']);
    for (const number of numbers) expect(sectionOf(guarantees, `${number}: .+`)).toMatch(/`test\/[\w./-]+`/);
  });

  it('a block of code that stands on two pages is the same on both', async () => {
    const ofReadme = blocksOf(await textOf('README.md')).filter(({ language }) => language !== '');
    for (const { language, code } of ofReadme) {
      const [first = ''] = code.split('\n');
      expect(await codeWith(language, first)).toBe(code);
    }
  });
});

describe('docs/', () => {
  it('docs/configuration.md names every environment variable', async () => {
    const named = variablesIn(await textOf('docs/configuration.md'));
    expect([...named].sort()).toEqual([...VARIABLES].sort());
  });

  it('docs/configuration.md names every key of the configuration', async () => {
    const page = await textOf('docs/configuration.md');
    const keys = keysOf(JSON.parse(await textOf('config.schema.json')));
    expect(keys.size).toBeGreaterThan(50);
    const named = new Set(
      [...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) => code.match(/[\w$]+/g)),
    );
    expect([...keys].filter((key) => !named.has(key))).toEqual([]);
  });

  it('docs/error-codes.md lists every error code of every platform with its class', async () => {
    const page = await textOf('docs/error-codes.md');
    const table = await textOf('test/core/errcode-table.txt');
    for (const [family, heading] of Object.entries(HEADINGS)) {
      const known = table.matchAll(new RegExp(`^${family} [\\w-]+ (-?\\d+) \\| (\\w+)`, 'gm'));
      const listed = rowsOf(sectionOf(page, heading)).flatMap(([codes = '', , , kind = '']) =>
        (codes.match(/-?\d+/g) ?? []).map((code) => `${code} ${kind.replaceAll('`', '')}`),
      );
      const expected = [...known].map(([, code, kind]) => `${code} ${kind}`);
      expect(expected.length).toBeGreaterThan(2);
      expect([...new Set(listed)].sort(), family).toEqual([...new Set(expected)].sort());
    }
  });

  it.each(LANGUAGES)(
    'the page of error codes in %s is what the program goes by (npm run pages writes it)',
    async (language) => {
      expect(await textOf(ERRCODE_PAGES[language])).toBe(errcodePage(language));
    },
  );
});

/** The names of all keys that a JSON Schema knows, at every depth. */
function keysOf(schema: unknown): ReadonlySet<string> {
  if (typeof schema !== 'object' || schema === null) return new Set();
  const properties = 'properties' in schema ? Object.keys(schema.properties ?? {}) : [];
  return new Set([...properties, ...Object.values(schema).flatMap((part) => [...keysOf(part)])]);
}
