// Makes dist/wx-token-sidecar.js, one file that holds everything, and beside it what has gone into that: the list and the
// licences. `node build/bundle.mjs FOLDER` makes them elsewhere, and `--without=PACKAGE` beside it leaves a package out, so that
// `npm run bench` sees what it costs those who do not use it.
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { instead, onDemand } from './instead.mjs';
import { licencesOf } from './licences.mjs';
import { packagesOf } from './packages.mjs';
import { sbomOf } from './sbom.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = resolve(process.argv[2] ?? join(ROOT, 'dist'));
const LEFT_OUT = process.argv.flatMap((word) => /^--without=(.+)$/.exec(word)?.[1] ?? []);

const without = {
  name: 'without',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./ }, ({ path }) =>
      LEFT_OUT.includes(path) ? { path, namespace: 'left-out' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** All that is not in the bundle is Node's own. */
const REQUIRE = `(name) => {
  const found = process.getBuiltinModule(name);
  if (!found) throw new Error('no such module of Node: ' + name);
  return found;
}`;

const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: ['src/main.ts'],
  outfile: join(FOLDER, 'wx-token-sidecar.js'),
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  // Neither imports nor exports: the one file is a module to Node and a script to build/code-cache.mjs.
  format: 'cjs',
  sourcemap: true,
  metafile: true,
  legalComments: 'none',
  supported: {
    // A script has none.
    'dynamic-import': false,
    // What template literals hold cannot be escaped, and those of tagged ones that are texts in Chinese must be.
    'template-literal': false,
  },
  // Names stay, so that a stack trace can be read; the source map is beside it.
  minifyWhitespace: true,
  logLevel: 'warning',
  // The manifests that `init` writes.
  loader: { '.yaml': 'text' },
  plugins: [without, instead, onDemand],
  define: {
    'process.env.JEST_WORKER_ID': 'undefined',
    // Where node-cron finds the program for tasks in processes of their own: there are none.
    'import.meta.url': '"file:///"',
  },
  banner: { js: `(()=>{const require=${REQUIRE};` },
  footer: { js: '})();' },
});

// With a single character beyond ASCII V8 keeps the whole source in two bytes a character.
const bundle = await readFile(join(FOLDER, 'wx-token-sidecar.js'));
if (bundle.some((byte) => byte > 0x7f))
  throw new Error('not ASCII: something was bundled that esbuild does not escape');

const parsed = async (file) => JSON.parse(await readFile(join(ROOT, file), 'utf8'));
const packages = await packagesOf(metafile, { root: ROOT, lock: await parsed('package-lock.json') });
const { SOURCE_DATE_EPOCH: time } = process.env;
const sbom = sbomOf(await parsed('package.json'), packages, time ? Number(time) : undefined);
await writeFile(join(FOLDER, 'wx-token-sidecar.cdx.json'), `${JSON.stringify(sbom, null, 2)}\n`);
const others = packages.filter(({ path }) => path !== '');
await writeFile(join(FOLDER, 'THIRD-PARTY-LICENSES'), licencesOf(others));
