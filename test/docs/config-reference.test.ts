import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../../src/config/read/environment.ts';
import { jsonSchema } from '../config/json-schema.ts';
import { configReference } from './config-reference.ts';

interface Part {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Part>>;
  readonly items?: Part;
  readonly oneOf?: readonly Part[];
}

/** What editors know: every key by its path, with what is said of it. */
function keysOf({ properties = {}, items, oneOf = [] }: Part, path = ''): string[] {
  const here = Object.entries(properties).flatMap(([name, part]) => {
    const full = path === '' ? name : `${path}.${name}`;
    return [`${full} ${part.description}`, ...keysOf(part, full)];
  });
  return [
    ...here,
    ...(items ? keysOf(items, `${path}[]`) : []),
    ...oneOf.flatMap((part) => keysOf(part, path)),
  ];
}

describe('configuration reference', () => {
  it('the page is what the schema says (npm run schema writes it)', async () => {
    expect(await readFile('docs/configuration-reference.md', 'utf8')).toBe(configReference());
  });

  it('the page lists the keys of config.schema.json with their descriptions, and no other', () => {
    const rows = [...configReference().matchAll(/^\| `(\S+)` (?:\| .*?){3} \| (.+) \|$/gm)];
    const listed = rows.map(([, path, description = '']) => `${path} ${description.replaceAll('\\', '')}`);
    expect(listed.sort()).toEqual(keysOf(JSON.parse(JSON.stringify(jsonSchema()))).sort());
  });

  it('the page as it is stored has every key of config.schema.json as it is stored, by its full path', async () => {
    const page = await readFile('docs/configuration-reference.md', 'utf8');
    const schema: Part = JSON.parse(await readFile('config.schema.json', 'utf8'));
    const paths = keysOf(schema).map((key) => key.split(' ')[0]);
    expect(paths).toEqual(
      expect.arrayContaining(['stateDir', 'platform.baseUrl', 'credentials[].corpId', 'http.allowedHosts']),
    );
    expect(paths.filter((path) => !page.includes(`| \`${path}\` |`))).toEqual([]);
  });

  it.each(['README.md', 'README.zh-CN.md', 'docs/configuration.md', 'docs/zh-CN/configuration.md'])(
    '%s leads to the page',
    async (document) => {
      expect(await readFile(document, 'utf8')).toMatch(/\]\((docs\/|\.\.\/)?configuration-reference\.md\)/);
    },
  );

  it('the page names every environment variable that exists and no other', () => {
    const named = new Set(configReference().match(/\bWXTOKEN_[A-Z0-9_]*[A-Z0-9]/g));
    expect([...named].sort()).toEqual([...VARIABLES].sort());
  });

  it('every link of the page leads to one of its headings', () => {
    const page = configReference();
    const anchors = [...page.matchAll(/^## (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} -]/gu, '')
        .replaceAll(' ', '-'),
    );
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect(anchors).toContain(link);
  });
});
