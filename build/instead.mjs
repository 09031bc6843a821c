// What the bundle holds instead of whole packages and of parts that this program never uses: they would be parsed and
// kept in memory by every daemon in every pod. The end-to-end tests run the bundle, so what is missing shows there.
import { fileURLToPath } from 'node:url';

/** By the path that asks for it. */
const PACKAGES = {
  undici: 'undici.mjs',
  winston: 'winston.mjs',
  logform: 'logform.mjs',
  'prom-client': 'prom-client.mjs',
  '@dabh/diagnostics': 'diagnostics.cjs',
  // Of the exemplars of prom-client, which are not enabled.
  '@opentelemetry/api': 'nothing.mjs',
};

/** Parts of undici: HTTP/2, which no agent here allows; bodies that are neither text nor bytes. */
const PARTS = {
  './client-h2.js': 'nothing.mjs',
  '../web/fetch/body.js': 'nothing.mjs',
};

/** proper-lockfile is always given the `fs` that it is to use. */
const GRACEFUL_FS = 'graceful-fs';

const here = (name) => fileURLToPath(new URL(`./instead/${name}`, import.meta.url));

/** A plugin for esbuild. */
export const instead = {
  name: 'instead',
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path, importer }) => {
      if (path === GRACEFUL_FS) return { path: 'node:fs', external: true };
      const name = PACKAGES[path] ?? (/[/\\]undici[/\\]lib[/\\]/.test(importer) ? PARTS[path] : undefined);
      return name && { path: here(name) };
    });
  },
};
