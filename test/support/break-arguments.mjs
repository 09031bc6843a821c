// Loaded into a program under test: it fails where it reads its arguments, as by a mistake of its own.
import { syncBuiltinESMExports } from 'node:module';
import util from 'node:util';

util.parseArgs = () => {
  throw new Error('broken for a test');
};
syncBuiltinESMExports();
