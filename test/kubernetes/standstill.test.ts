import { expect, it } from 'vitest';
import { eventually } from '../support/wait.ts';
import { watching } from './watching.ts';

/** How long a silent watch lives, and a process stands still; ms. */
const IDLE = 1_500;
const STANDSTILL = 2_500;

// In a file of its own: whatever else is under way in this process stands still as well.
it('a watch stays open when the process stood still for longer than a silent one lives', async (context) => {
  const cluster = await watching(context, { timeouts: { idle: IDLE }, bookmarkEvery: 200 });
  await cluster.isOpen();
  await cluster.make('one');
  await cluster.hears('one');
  const { since } = cluster.watch.state();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STANDSTILL);
  await cluster.write('two');
  await cluster.hears('two');
  const now = Date.now();
  await eventually(() => Date.now() - now > STANDSTILL);
  expect(cluster.watch.state()).toEqual({ open: true, since });
});
