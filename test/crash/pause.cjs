// Loaded before the program: starts the thread in which Node works on files, names it and stops the process, so that a
// tracer can attach to that thread alone and count its calls from the first on. Names that nobody can guess become
// numbers, so that the tracer can be told of the calls on one file.
const crypto = require('node:crypto');
const { readdirSync, stat, writeSync } = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

let names = 0;
crypto.randomBytes = (length) => {
  names += 1;
  const bytes = Buffer.alloc(length);
  bytes.writeUInt8(names, length - 1);
  return bytes;
};
syncBuiltinESMExports();

const others = new Set(readdirSync('/proc/self/task'));
stat('/', () => {});
const [thread] = readdirSync('/proc/self/task').filter((task) => !others.has(task));
writeSync(1, `${thread}\n`);
process.kill(process.pid, 'SIGSTOP');
