// What the bundle holds instead of whole packages and of parts that this program never uses: they would be parsed and
// kept in memory by every daemon in every pod. All tests of src run with the same, so what is missing shows there.
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
  debug: 'debug.cjs',
  // The streams of Node 10, for every Node: Node's own are loaded anyway. By itself it takes those where
  // READABLE_STREAM=disable says so.
  'readable-stream': 'readable-stream.cjs',
  'readable-stream/lib/_stream_writable.js': 'stream-writable.cjs',
};

/** Of a package, what its own modules ask for: by the package and the path. */
const PARTS = {
  undici: {
    // HTTP/2, which no agent here allows.
    './client-h2.js': 'nothing.mjs',
    // Bodies that are neither text nor bytes.
    '../web/fetch/body.js': 'nothing.mjs',
    '../llhttp/constants.js': 'llhttp-constants.cjs',
    'node:http': 'undici-http.mjs',
    'node:assert': 'assert.cjs',
  },
  'signal-exit': { assert: 'assert.cjs' },
  yaml: { process: 'yaml-process.mjs' },
  // For tasks in processes of their own.
  'node-cron': { child_process: 'child-process.mjs' },
};

/** proper-lockfile is always given the `fs` that it is to use. */
const GRACEFUL_FS = 'graceful-fs';

const PACKAGE_OF = /[/\\]node_modules[/\\](@[^/\\]+[/\\][^/\\]+|[^/\\]+)[/\\](?!.*[/\\]node_modules[/\\])/;

const here = (name) => fileURLToPath(new URL(`./instead/${name}`, import.meta.url));

/** Node's HTTP server takes 2.5 MB and is for those who configure one: in an ESM bundle all imports come first. */
const ON_DEMAND = 'node:http';

export const onDemand = {
  name: 'on demand',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^${ON_DEMAND}$`) }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'on-demand' } : undefined,
    );
    build.onLoad({ filter: /./, namespace: 'on-demand' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

/**
 * For a module of src; undefined where the package itself is loaded.
 * @param {string} name
 * @returns {string | undefined}
 */
export const insteadOf = (name) => PACKAGES[name] && here(PACKAGES[name]);

export const instead = {
  name: 'instead',
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path, importer }) => {
      if (path === GRACEFUL_FS) return { path: 'node:fs', external: true };
      const name = PACKAGES[path] ?? PARTS[PACKAGE_OF.exec(importer)?.[1]]?.[path];
      return name && { path: here(name) };
    });
  },
};
