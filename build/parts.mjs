// Divides the program into parts, for an image that loads of it what a daemon needs: `main` is what every daemon runs, and
// each of the others what somebody's configuration or another command asks for, loaded when it does. See
// docs/decisions/0029-parts.md.
import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { assertAscii, INPUT, MAIN, OUTPUT, SCRIPT } from './options.mjs';

/** What belongs to `main`, with all that it imports: the command of a daemon. */
const DAEMON = 'src/commands/run.ts';

/** The part that the program starts with. */
const FIRST = 'main.js';

/**
 * Writes the parts into a folder, which is made anew. Each is one function of `require`, `module` and `exports`, as modules of CommonJS
 * are, behind a comment with the SHA-256 of it: what V8 makes of it begins with the same.
 * @param {string} folder
 */
export async function writeParts(folder) {
  const chunks = await divided();
  const first = closure(chunks, [chunkOf(chunks, MAIN), chunkOf(chunks, DAEMON)]);
  const others = [...chunks.keys()].filter((name) => !first.has(name));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await write(join(folder, FIRST), await firstPart(chunks, first, others));
  for (const name of others) {
    await write(join(folder, name), await scriptOf(chunks.get(name).text, () => undefined));
  }
}

/**
 * The program as esbuild divides it: whatever is imported on demand is apart, and what several share is in one chunk for them.
 * By name: the text, the source that begins there, if any, and what it imports, by name: all of it, and at once.
 */
async function divided() {
  const { outputFiles, metafile } = await build({
    ...OUTPUT,
    ...INPUT,
    format: 'esm',
    splitting: true,
    outdir: 'parts',
    write: false,
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  return new Map(
    Object.entries(metafile.outputs).map(([path, { entryPoint, imports }]) => {
      const name = basename(path);
      const own = imports.filter(({ external }) => !external);
      const atOnce = own.filter(({ kind }) => kind === 'import-statement');
      const names = (some) => some.map((one) => basename(one.path));
      return [name, { text: texts.get(name), entryPoint, imports: names(own), atOnce: names(atOnce) }];
    }),
  );
}

function chunkOf(chunks, source) {
  for (const [name, { entryPoint }] of chunks) if (entryPoint === source) return name;
  throw new Error(`${source} is not imported on demand`);
}

/** The names of these chunks and of all that they import at once. */
function closure(chunks, names, found = new Set()) {
  for (const name of names) {
    if (found.has(name)) continue;
    found.add(name);
    closure(chunks, chunks.get(name).atOnce, found);
  }
  return found;
}

/** Of all that belongs to it in one scope. What other parts import of it, it exports chunk by chunk. */
function firstPart(chunks, first, others) {
  const shared = others.flatMap((name) => chunks.get(name).imports).filter((name) => first.has(name));
  const exported = [...new Set(shared)].map(
    (name) => `export * as ${JSON.stringify(name)} from './${name}';`,
  );
  return scriptOf([...exported, `import './${chunkOf(chunks, MAIN)}';`].join('\n'), (name) =>
    first.has(name) ? chunks.get(name).text : undefined,
  );
}

/**
 * @param {string} contents
 * @param {(name: string) => string | undefined} within the text of what is imported, where it goes into the same script
 */
async function scriptOf(contents, within) {
  const chunks = {
    name: 'chunks',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\// }, ({ path }) =>
        within(basename(path)) === undefined
          ? { path, external: true }
          : { path: basename(path), namespace: 'chunk' },
      );
      onLoad({ filter: /./, namespace: 'chunk' }, ({ path }) => ({ contents: within(path) }));
    },
  };
  const { outputFiles } = await build({
    ...OUTPUT,
    ...SCRIPT,
    stdin: { contents },
    bundle: true,
    write: false,
    plugins: [chunks],
    banner: { js: '(function(require,module,exports){' },
    footer: { js: '})' },
  });
  const [{ text }] = outputFiles;
  assertAscii(text);
  return text;
}

async function write(file, text) {
  const hash = createHash('sha256').update(text).digest('hex');
  await writeFile(file, `/*${hash}*/${text}`);
}
