// Makes dist/wx-token-sidecar.js: one file that holds everything.
import { build } from 'esbuild';
import { instead, onDemand } from './instead.mjs';

await build({
  entryPoints: ['src/main.ts'],
  outfile: 'dist/wx-token-sidecar.js',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [instead, onDemand],
  define: { 'process.env.JEST_WORKER_ID': 'undefined' },
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
});
