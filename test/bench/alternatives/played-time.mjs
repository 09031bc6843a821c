// Loaded into a process whose time is played: it is PLAYED ms ahead, and at `{ advance: ms }` both its clocks go on by so
// much and what it was waiting for comes. It answers at once; with QUIET, when all that follows from it has been done.
import process from 'node:process';

/** So often in a row, and so many ms apart, a process is seen without anything under way before it counts as quiet. */
const LOOKS = 3;
const PACE = 2;

const UNDER_WAY = /^(FSReqPromise|FSReqCallback|TCPSocketWrap|TCPConnectWrap|GetAddrInfoReqWrap)$/;

let passed = Number(process.env.PLAYED);
const waitsForQuiet = process.env.QUIET === '1';

/** Waits shorter than this, in ms, pass by themselves. What is never quiet has timeouts under way while time passes. */
const SHORT = waitsForQuiet ? 100 : 4_000;

const waiting = new Set();
const { setTimeout: setRealTimeout, clearTimeout: clearRealTimeout } = globalThis;
const realDate = Date.now.bind(Date);
const realNanoseconds = process.hrtime.bigint.bind(process.hrtime);

Date.now = () => realDate() + passed;
process.hrtime.bigint = () => realNanoseconds() + BigInt(Math.round(passed)) * 1_000_000n;

globalThis.setTimeout = (callback, ms = 0, ...rest) => {
  if (!(ms >= SHORT)) return setRealTimeout(callback, ms, ...rest);
  // What is handed out can be cleared and unreferenced; by itself it never comes.
  const timer = setRealTimeout(() => {}, 2 ** 31 - 1);
  waiting.add({ timer, dueAt: Date.now() + ms, come: () => callback(...rest) });
  return timer;
};

globalThis.clearTimeout = (timer) => {
  for (const one of waiting) if (one.timer === timer) waiting.delete(one);
  clearRealTimeout(timer);
};

process.on('message', async ({ advance }) => {
  if (advance === undefined) return;
  passed += advance;
  const due = [...waiting].filter(({ dueAt }) => dueAt <= Date.now());
  for (const one of due.sort((a, b) => a.dueAt - b.dueAt)) {
    if (!waiting.delete(one)) continue;
    clearRealTimeout(one.timer);
    one.come();
  }
  if (waitsForQuiet) await quiet();
  process.send({ quiet: true });
});

async function quiet() {
  for (let seen = 0; seen < LOOKS; ) {
    await new Promise((resolve) => setRealTimeout(resolve, PACE));
    seen = process.getActiveResourcesInfo().some((resource) => UNDER_WAY.test(resource)) ? 0 : seen + 1;
  }
}
