// Loaded into a program under test: says on standard error what V8 makes of the code cache that a script is given.
import { syncBuiltinESMExports } from 'node:module';
import vm from 'node:vm';

const { Script } = vm;

vm.Script = class extends Script {
  constructor(source, options) {
    super(source, options);
    if (!options.cachedData) return;
    process.stderr.write(`cache ${this.cachedDataRejected ? 'rejected' : 'accepted'}\n`);
  }
};
syncBuiltinESMExports();
