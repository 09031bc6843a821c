import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What whoever adds a kind writes into a table: an import and a line. */
interface Line {
  readonly table: string;
  readonly name: string;
  readonly file: string;
}

function added({ table, name, file }: Line): Plugin {
  const escaped = table.replaceAll('/', '[\\\\/]').replaceAll('.', '\\.');
  return {
    name: `one more in ${table}`,
    setup({ onLoad }) {
      onLoad({ filter: new RegExp(`${escaped}$`) }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const contents = `import { ${name} } from ${JSON.stringify(join(ROOT, file))};\n${text.replace(
          /(export const \w+Kinds\b[^=]*= \[[^\]]*)\];/,
          (_, kinds: string) => `${kinds.replace(/,?\s*$/, '')}, ${name}];`,
        )}`;
        if (!contents.includes(`, ${name}];`)) throw new Error(`there is no table in ${table}`);
        return { contents, loader: 'ts' };
      });
    },
  };
}

/** The program with one kind of credential and one kind of target more: each a file, and a line in its table. */
export async function bundleWithToys(outfile: string): Promise<void> {
  await build({
    ...{ absWorkingDir: ROOT, entryPoints: ['src/main.ts'], outfile, logLevel: 'error' },
    ...{ bundle: true, platform: 'node', target: 'node20.19', format: 'esm', loader: { '.yaml': 'text' } },
    plugins: [
      added({ table: 'src/providers/kinds.ts', name: 'toyToken', file: 'test/kinds/toy-token.ts' }),
      added({ table: 'src/publishers/kinds.ts', name: 'toyTarget', file: 'test/kinds/toy-target.ts' }),
    ],
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
}
