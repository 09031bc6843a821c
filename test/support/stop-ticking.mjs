// Loaded into a daemon under test. SIGUSR2: two minutes pass by the monotonic clock. SIGWINCH: the same, and from now on
// no timer fires any more, as if whatever drives the daemon had died.
const now = process.hrtime.bigint;
const setTimer = globalThis.setTimeout;
let passed = 0n;
let isDead = false;

process.hrtime.bigint = () => now.call(process.hrtime) + passed;
globalThis.setTimeout = (callback, ...rest) => setTimer((...args) => isDead || callback(...args), ...rest);
process.on('SIGUSR2', () => {
  passed += 120_000_000_000n;
});
process.on('SIGWINCH', () => {
  isDead = true;
  passed += 120_000_000_000n;
});
