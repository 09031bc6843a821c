// Loaded into the program that is measured; answers questions about it that cannot be seen from outside.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import process from 'node:process';

/** Ms between two looks of the histogram; what it tells is that much more than the delay. */
const RESOLUTION = 1;

const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
let before = performance.eventLoopUtilization();

const answers = {
  /** Bytes that are held, once what is not held has been collected. */
  held() {
    for (let round = 0; round < 3; round += 1) globalThis.gc();
    const { heapUsed, external, rss } = process.memoryUsage();
    return { held: heapUsed + external, resident: rss };
  },
  /** From now on it is counted how long the loop is busy. */
  count() {
    before = performance.eventLoopUtilization();
    return {};
  },
  /** The same, and how long in one go. */
  watch() {
    delay.enable();
    delay.reset();
    before = performance.eventLoopUtilization();
    return {};
  },
  /** How long it was busy since, and how long at the most in one go, ms. */
  busy() {
    const { active } = performance.eventLoopUtilization(before);
    delay.disable();
    return { active, longest: Math.max(0, delay.max / 1e6 - RESOLUTION) };
  },
};

process.on('message', (question) => process.send(answers[question]()));
// The program ends as it would without.
process.channel.unref();
