// How esbuild makes the program, whole (bundle.mjs) and in parts (parts.mjs).
import { fileURLToPath } from 'node:url';
import { instead, onDemand } from './instead.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where the program begins. */
export const MAIN = 'src/main.ts';

/** Of everything that is written. */
export const OUTPUT = {
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  // What template literals hold cannot be escaped, and those of tagged ones that are texts in Chinese must be.
  supported: { 'template-literal': false },
  // Names stay, so that a stack trace can be read.
  minifyWhitespace: true,
  // Where an error is not caught, Node prints the line of it: not the whole program.
  lineLimit: 160,
  logLevel: 'warning',
};

/** Of what is read: the sources, and the packages that they use. */
export const INPUT = {
  absWorkingDir: ROOT,
  entryPoints: [MAIN],
  bundle: true,
  metafile: true,
  // The manifests that `init` writes.
  loader: { '.yaml': 'text' },
  plugins: [instead, onDemand],
  define: {
    'process.env.JEST_WORKER_ID': 'undefined',
    // Where node-cron finds the program for tasks in processes of their own: there are none.
    'import.meta.url': '"file:///"',
  },
};

/** For what is a script to V8, which has neither imports nor exports. */
export const SCRIPT = { format: 'cjs', supported: { ...OUTPUT.supported, 'dynamic-import': false } };

/**
 * With a single character beyond ASCII V8 keeps a whole source in two bytes a character.
 * @param {string} text
 * @throws {Error} when there is one
 */
export function assertAscii(text) {
  if (/[^\x00-\x7f]/.test(text))
    throw new Error('not ASCII: something was bundled that esbuild does not escape');
}
