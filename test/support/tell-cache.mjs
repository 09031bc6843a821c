// Loaded into a program under test: says on standard error what V8 makes of the code cache that a script is given.
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import vm from 'node:vm';

const { Script } = vm;

vm.Script = class extends Script {
  constructor(source, options) {
    super(source, options);
    if (!options.cachedData) return;
    const verdict = this.cachedDataRejected ? 'rejected' : 'accepted';
    process.stderr.write(`cache ${verdict}: ${basename(options.filename)}\n`);
  }
};
syncBuiltinESMExports();
