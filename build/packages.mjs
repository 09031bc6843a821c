// Which packages a bundle is made of: what esbuild has put into it, not what happens to be installed.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unnamedIn } from './unnamed.mjs';

/** The folder of the package that a file belongs to, as the lock file calls it: also of one that lies in another. */
const FOLDER = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

const LICENCE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

const byPath = ([one], [other]) => (one < other ? -1 : 1);

/**
 * The packages of a metafile, by path: `{ path, name, version, licence, integrity, texts, unnamed, needs }`. `needs` are the
 * paths of those that its bundled code imports; those of the program's own code are under the path ''. `unnamed` is code of
 * others that lies in it: `{ name, licence, purl, texts }`.
 * @throws {Error} when one of them is not in the lock file, is not the one that is, or comes without its licence
 */
export async function packagesOf(metafile, { root, lock }) {
  const bundled = Object.values(metafile.outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  const paths = new Set(bundled.map(folderOf));
  const needs = new Map([['', new Set()], ...[...paths].map((path) => [path, new Set()])]);
  for (const [file, { imports }] of Object.entries(metafile.inputs)) {
    const from = folderOf(file);
    for (const { path } of imports) {
      const to = folderOf(path);
      if (to !== '' && to !== from && paths.has(to)) needs.get(from)?.add(to);
    }
  }
  return Promise.all(
    [...needs].sort(byPath).map(async ([path, others]) => ({
      ...(path === '' ? { path } : await packageAt(path, { root, lock, bundled })),
      needs: [...others].sort(),
    })),
  );
}

const folderOf = (file) => FOLDER.exec(file)?.[0] ?? '';

async function packageAt(path, { root, lock, bundled }) {
  const locked = lock.packages[path];
  const folder = join(root, path);
  const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  if (locked?.version !== version) {
    throw new Error(`${path} is ${version} and not ${locked?.version}, as the lock file has it: run npm ci`);
  }
  const files = (await readdir(folder)).filter((file) => LICENCE_FILE.test(file)).sort();
  if (!locked.license || files.length === 0) {
    throw new Error(`${name} ${version} is to be bundled, but comes without its licence`);
  }
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const own = bundled.filter((file) => folderOf(file) === path).map((file) => file.slice(path.length + 1));
  const unnamed = unnamedIn(name, own);
  return { path, name, version, licence: locked.license, integrity: locked.integrity, texts, unnamed };
}
