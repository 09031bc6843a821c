'use strict';
// Starts the program beside it with what V8 has compiled of it before: see docs/decisions/0018-code-cache.md. Where the cache
// is missing, of another bundle, or of another V8 or other flags, the program starts as it does by itself.
const { hash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');

const PROGRAM = join(__dirname, 'wx-token-sidecar.js');
const CACHE = join(__dirname, 'wx-token-sidecar.cache');
/** Bytes of the SHA-256 of the bundle, with which the cache begins: V8 itself compares no more than lengths. */
const HASH = 32;

function cached() {
  // Node maps what it loads itself, and nothing else, back to the sources.
  if (process.sourceMapsEnabled) return undefined;
  try {
    const [source, cache] = [readFileSync(PROGRAM), readFileSync(CACHE)];
    if (!hash('sha256', source, 'buffer').equals(cache.subarray(0, HASH))) return undefined;
    // The bundle is ASCII. V8 compiles by itself what it does not accept from the cache.
    return new Script(source.latin1Slice(), { filename: PROGRAM, cachedData: cache.subarray(HASH) });
  } catch {
    return undefined;
  }
}

const script = cached();
if (script) script.runInThisContext();
else void import(pathToFileURL(PROGRAM).href);
