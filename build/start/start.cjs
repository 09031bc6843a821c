'use strict';
// Starts the program in parts, with what V8 has compiled of each before: see docs/decisions/0018-code-cache.md and 0029-parts.md.
// Where that is missing, of another build, or of another V8 or other flags, V8 compiles by itself.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');

const PARTS = join(__dirname, 'parts');
/** It exports, by name, what else its scope holds that the other parts share. */
const MAIN = './main.js';
/** The length of the comment that a part begins with: a SHA-256. What V8 has compiled of it begins with the same. */
const STAMP = 68;

const loaded = new Map();

/** What a part exports, as `require` of Node would have it; what is no part is Node's own. */
function load(name) {
  if (!name.startsWith('./')) return builtin(name);
  const known = loaded.get(MAIN)?.exports[name.slice(2)] ?? loaded.get(name)?.exports;
  if (known) return known;
  const module = { exports: {} };
  loaded.set(name, module);
  try {
    compiled(join(PARTS, name)).runInThisContext()(load, module, module.exports);
  } catch (error) {
    // What cannot be read now, or needs another that cannot, may be when it is asked for again.
    loaded.delete(name);
    throw error;
  }
  return module.exports;
}

function builtin(name) {
  const found = process.getBuiltinModule(name);
  if (!found) throw new Error(`no such module of Node: ${name}`);
  return found;
}

function compiled(filename) {
  const source = readFileSync(filename);
  const cachedData = cacheOf(filename, source);
  // All parts are ASCII.
  return new Script(source.toString('latin1'), { filename, ...(cachedData && { cachedData }) });
}

/** V8 itself compares no more than lengths. */
function cacheOf(filename, source) {
  try {
    const cache = readFileSync(`${filename}.cache`);
    if (source.subarray(0, STAMP).equals(cache.subarray(0, STAMP))) return cache.subarray(STAMP);
  } catch {}
}

// Node maps what it loads itself, and nothing else, back to the sources.
if (process.sourceMapsEnabled) void import(pathToFileURL(join(__dirname, 'wx-token-sidecar.js')).href);
else load(MAIN);
