// Loaded into the daemon of a soak: tells in the file HELD, every few seconds, how many KB it holds once what it does not
// hold any more has been collected. What is resident goes up and down with when V8 sees fit to collect.
import { writeFileSync } from 'node:fs';
import process from 'node:process';

const EVERY = 5_000;

setInterval(() => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(process.env.HELD, String((heapUsed + external) / 1024));
}, EVERY).unref();
