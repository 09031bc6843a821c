import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { asking, GOOD } from './asking.ts';
import { afterRequest } from './servers.ts';

/** Of one request, bytes: a tenth of what an answer's objects need, far more than the noise of so many requests. */
const MOST_KEPT = 500;
const REQUESTS = 250;
/** What is kept is kept in each of them; what V8 compiles meanwhile, and others of this process do, is not. */
const ROUNDS = 4;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

async function heap(): Promise<number> {
  // What finalizers let go of is gone only the next time.
  for (let turn = 0; turn < 3; turn += 1) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

it('a finished request leaves nothing on the heap while its abort signal lives on', async () => {
  const url = await afterRequest((socket) => {
    socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`);
  });
  const { fetch } = asking('stable-token', url);
  const { signal } = new AbortController();
  const askOften = async () => {
    for (let request = 0; request < REQUESTS; request += 1) await fetch({ signal });
  };
  await askOften();
  const grown: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await heap();
    await askOften();
    grown.push(((await heap()) - before) / REQUESTS);
  }
  expect(Math.min(...grown)).toBeLessThan(MOST_KEPT);
});

it('forty concurrent requests on one abort signal cause no Node warning', async () => {
  const warnings: string[] = [];
  const warned = ({ message }: Error) => warnings.push(message);
  process.on('warning', warned);
  onTestFinished(() => {
    process.off('warning', warned);
  });
  let waiting: (() => void)[] = [];
  const url = await afterRequest((socket) => {
    waiting.push(() => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}`));
    if (waiting.length < 40) return;
    for (const answer of waiting) answer();
    waiting = [];
  });
  const { fetch } = asking('stable-token', url);
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 40 }, () => fetch({ signal })));
  expect(warnings).toEqual([]);
});
