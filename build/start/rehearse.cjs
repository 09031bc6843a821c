'use strict';
// Runs the program until its first token, as build/code-cache.mjs asks, and writes what V8 has compiled of it by then.
//   node rehearse.cjs PROGRAM CACHE
const { createHash } = require('node:crypto');
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const v8 = require('node:v8');
const { Script } = require('node:vm');

/** How often the token is looked for, and how long the daemon then goes on, ms: what follows the first token is compiled, too. */
const INTERVAL = 20;
const AFTERWARDS = 1_000;

const [, , program, cache] = process.argv;
// A cache is valid for the flags with which it is written: those of a process that has just begun.
v8.setFlagsFromString = () => {};
process.argv.splice(1, 3, program, 'run');

const source = readFileSync(program);
const script = new Script(source.latin1Slice(), { filename: program });
script.runInThisContext();

const looking = setInterval(() => {
  if (!existsSync(process.env.WXTOKEN_FILE)) return;
  clearInterval(looking);
  setTimeout(() => {
    const hash = createHash('sha256').update(source).digest();
    writeFileSync(cache, Buffer.concat([hash, script.createCachedData()]));
    process.kill(process.pid, 'SIGTERM');
  }, AFTERWARDS);
}, INTERVAL);
