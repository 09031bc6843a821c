// Makes dist/wx-token-sidecar.js, one file that holds everything, and beside it what has gone into that: the list and the
// licences. `node build/bundle.mjs FOLDER` makes them elsewhere.
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

const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: ['src/main.ts'],
  outfile: join(FOLDER, 'wx-token-sidecar.js'),
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  sourcemap: true,
  metafile: true,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [instead, onDemand],
  define: { 'process.env.JEST_WORKER_ID': 'undefined' },
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
});

const parsed = async (file) => JSON.parse(await readFile(join(ROOT, file), 'utf8'));
const packages = await packagesOf(metafile, { root: ROOT, lock: await parsed('package-lock.json') });
const { SOURCE_DATE_EPOCH: time } = process.env;
const sbom = sbomOf(await parsed('package.json'), packages, time ? Number(time) : undefined);
await writeFile(join(FOLDER, 'wx-token-sidecar.cdx.json'), `${JSON.stringify(sbom, null, 2)}\n`);
const others = packages.filter(({ path }) => path !== '');
await writeFile(join(FOLDER, 'THIRD-PARTY-LICENSES'), licencesOf(others));
