import { createInterface } from 'node:readline';
import { takeLock } from '../../../src/coordination/folder/file-lock.ts';
import { systemClock } from '../../../src/system/time/clock.ts';

/**
 * A program: asks for the lock of PATH once, and says `taken` or `busy`. Then it obeys, a line each: `held` is
 * answered with `held` or `lost`, `release` with `released`, `exit` ends it in the middle of everything.
 */
const [path = ''] = process.argv.slice(2);
const { lease } = await takeLock(path, 0o600, systemClock, undefined);
process.stdout.write(lease ? 'taken' : 'busy');

createInterface({ input: process.stdin }).on('line', async (order) => {
  if (order === 'exit') process.exit(0);
  if (order === 'held') process.stdout.write((await lease?.held()) ? 'held' : 'lost');
  if (order === 'release') {
    await lease?.release();
    process.stdout.write('released');
  }
});
