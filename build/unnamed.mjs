// Code of others that packages bring along without naming it, neither as a package nor in their licence.
import { readFileSync } from 'node:fs';

const text = (file) => readFileSync(new URL(`./unnamed/${file}`, import.meta.url), 'utf8');

/** By the package, and the folder in it: there where a file of that folder is bundled. */
const UNNAMED = {
  undici: [
    // The parser that its WebAssembly is compiled of. Which version, the package does not tell.
    {
      folder: 'lib/llhttp',
      name: 'llhttp',
      licence: 'MIT',
      purl: 'pkg:github/nodejs/llhttp',
      texts: [text('llhttp.LICENSE')],
    },
  ],
};

/**
 * What lies unnamed in the bundled part of a package.
 * @param files paths within the package
 */
export function unnamedIn(name, files) {
  return (UNNAMED[name] ?? []).filter(({ folder }) => files.some((file) => file.startsWith(`${folder}/`)));
}
