import { performance } from 'node:perf_hooks';
import { beats } from '../../../src/system/time/beats.ts';

/** A program: ticks some times, and says how often the event loop turned meanwhile, and how often it had called something. */
const TICK = 1_000;
const TICKS = 6;

let calls = 0;
let ticks = 0;
let from = 0;
const turns = () => performance.nodeTiming.uvMetricsInfo.loopCount;

// At each tick, and half a second after one that does not come.
beats.every(TICK, () => {
  if (!isTicking) calls += 1;
});
let isTicking = false;

function tick(): void {
  setTimeout(tick, TICK);
  isTicking = true;
  beats.beat();
  isTicking = false;
  ticks += 1;
  if (ticks === 2) from = turns();
  else if (ticks > 2) calls += 1;
  if (ticks < TICKS + 2) return;
  process.stdout.write(JSON.stringify({ turns: turns() - from, calls }));
  process.exit();
}
setTimeout(tick, TICK);
