// Makes dist/wx-token-sidecar.js, one file that holds everything, and beside it what has gone into that: the list and the
// licences. `node build/bundle.mjs FOLDER` makes them elsewhere, and `--without=PACKAGE` beside it leaves a package out, so that
// `npm run bench` sees what it costs those who do not use it.
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';
import { licencesOf } from './licences.mjs';
import { assertAscii, INPUT, OUTPUT, ROOT, SCRIPT } from './options.mjs';
import { packagesOf } from './packages.mjs';
import { sbomOf } from './sbom.mjs';

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

const outfile = join(FOLDER, 'wx-token-sidecar.js');
const { metafile } = await build({
  ...OUTPUT,
  ...INPUT,
  // Neither imports nor exports: the one file is a module to Node and a script to V8.
  ...SCRIPT,
  outfile,
  // A map is beside it.
  sourcemap: true,
  plugins: [without, ...INPUT.plugins],
  banner: { js: `(()=>{const require=${REQUIRE};` },
  footer: { js: '})();' },
});
assertAscii(await readFile(outfile, 'latin1'));

const parsed = async (file) => JSON.parse(await readFile(join(ROOT, file), 'utf8'));
const packages = await packagesOf(metafile, { root: ROOT, lock: await parsed('package-lock.json') });
const { SOURCE_DATE_EPOCH: time } = process.env;
const sbom = sbomOf(await parsed('package.json'), packages, time ? Number(time) : undefined);
await writeFile(join(FOLDER, 'wx-token-sidecar.cdx.json'), `${JSON.stringify(sbom, null, 2)}\n`);
const others = packages.filter(({ path }) => path !== '');
await writeFile(join(FOLDER, 'THIRD-PARTY-LICENSES'), licencesOf(others));
