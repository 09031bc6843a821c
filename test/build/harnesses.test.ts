import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

/** What the scripts of package.json bundle: `esbuild ENTRY … --outfile=FILE`. */
const BUNDLES = Object.values<string>(
  JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')).scripts,
).flatMap((script) => {
  const [, entry, outfile] = /^esbuild (\S+) .*--outfile=(\S+)/.exec(script) ?? [];
  return entry && outfile ? [{ entry, outfile }] : [];
});

/** What else is made in dist/. */
const BUILT = ['dist/wx-token-sidecar.js', 'dist/start.cjs', ...BUNDLES.map(({ outfile }) => outfile)];

describe('the programs for developers', () => {
  it('are those of package.json', () => {
    expect(BUNDLES.length).toBeGreaterThan(3);
  });

  it.for(BUNDLES)('$outfile finds the files that it names from where it lies', async ({ entry, outfile }) => {
    const { metafile } = await build({
      ...{ entryPoints: [fileURLToPath(new URL(entry, ROOT))], absWorkingDir: fileURLToPath(ROOT) },
      ...{
        bundle: true,
        platform: 'node',
        format: 'esm',
        packages: 'external',
        write: false,
        metafile: true,
      },
    });
    const named = Object.keys(metafile.inputs)
      .filter((file) => file.startsWith('test/'))
      .flatMap((file) => [...readFileSync(new URL(file, ROOT), 'utf8').matchAll(NAMED)])
      .map(([, name = '']) => new URL(name, pathToFileURL(fileURLToPath(new URL(outfile, ROOT)))));
    const isThere = (url: URL) =>
      existsSync(url) || BUILT.some((file) => new URL(file, ROOT).href === url.href);
    expect(named.filter((url) => !isThere(url)).map(String)).toEqual([]);
  });
});

/** A file, not a folder, beside the one that names it. */
const NAMED = /new URL\(['"`](\.[^'"`$]*\.\w+)['"`], import\.meta\.url\)/g;
