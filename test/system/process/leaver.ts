import { spawnSync } from 'node:child_process';
import { open } from 'node:fs';
import { endProcess } from '../../../src/system/process/end-process.ts';

/**
 * A program: waits in a thread for whoever writes into PIPE, if one is given, and ends with 3 within 100 ms all the
 * same. With `--first` it does so as the first process of a container, and prints how that ended.
 */
const [pipe = '', first] = process.argv.slice(2);
const [, itself = ''] = process.argv;
if (first) {
  const container = ['--pid', '--fork', '--kill-child', process.execPath, itself, pipe];
  const { status, signal, stderr, error } = spawnSync('unshare', container, {
    timeout: 20_000,
    encoding: 'utf8',
  });
  process.stdout.write(JSON.stringify({ status, signal, stderr, error }));
} else {
  if (pipe) open(pipe, 'r', () => {});
  await endProcess(3, 100);
}
