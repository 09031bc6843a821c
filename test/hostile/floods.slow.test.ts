import { describe, expect, it } from 'vitest';
import { SENT_BY } from '../providers/asking.ts';
import { eventually } from '../support/wait.ts';
import { ALL, attempt } from './credentials.ts';
import { type Flood, flooding, STATUS } from './raw.ts';

const CHUNK = Buffer.alloc(64 * 1024, 'x');
const GIGABYTE = 2 ** 30;

/** What a server has got rid of before it noticed, at most: the buffers of both ends, bytes. */
const BUFFERS = 24 * 1024 * 1024;

/** Of the server and of its caller together: a tenth of what such a flood brings in the time, bytes. */
const MEMORY = 256 * 1024 * 1024;

/** What is said without end, as fast as it is taken. */
const FLOODS: readonly (readonly [string, string, string | Buffer])[] = [
  ['one gigabyte of body', `${STATUS}Content-Length: ${GIGABYTE}\r\n\r\n`, CHUNK],
  ['endless body', `${STATUS}\r\n`, CHUNK],
  [
    'one gigabyte declared as gzip',
    `${STATUS}Content-Encoding: gzip\r\nContent-Length: ${GIGABYTE}\r\n\r\n`,
    CHUNK,
  ],
  ['endless chunks', `${STATUS}Transfer-Encoding: chunked\r\n\r\n`, `10000\r\n${CHUNK}\r\n`],
  ['one-byte chunks', `${STATUS}Transfer-Encoding: chunked\r\n\r\n`, '1\r\nx\r\n'.repeat(10_000)],
  ['one endless header', `${STATUS}X: `, CHUNK],
  ['one endless header name', STATUS, CHUNK],
  ['endless headers', STATUS, 'X-Header: value\r\n'.repeat(4_000)],
  ['endless cookies', STATUS, 'Set-Cookie: a=b\r\n'.repeat(4_000)],
  [
    'endless trailers',
    `${STATUS}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n`,
    'X: y\r\n'.repeat(10_000),
  ],
];

/** What no limit of size meets; time does. */
const ENDLESS: readonly (readonly [string, string, string])[] = [
  ['the extension of a piece', `${STATUS}Transfer-Encoding: chunked\r\n\r\n1;`, CHUNK.toString()],
  ['a reason', 'HTTP/1.1 200 ', CHUNK.toString()],
  ['empty lines', '', '\r\n'.repeat(10_000)],
  ['hints', '', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(2_000)],
];

describe.each(ALL)('floods in answer to %s requests', (kind) => {
  it.each(FLOODS)(`the ${kind} request hangs up on a flood of %s`, async (_, head, wave) => {
    const flood = await flooding(head, wave);
    expect(await attempt(kind, flood.url)).toMatch(/^(too-large|not-http), unknown$/);
    await isLeft(flood);
    expect(flood.sent()).toBeLessThan(BUFFERS);
  });
});

describe('floods beyond every size limit', () => {
  it('a flood that no size limit stops is left in time and fills no memory', async () => {
    const before = process.memoryUsage().rss;
    const came = ENDLESS.map(async ([name, head, wave]) => {
      const flood = await flooding(head, wave);
      const outcomes = await Promise.all(ALL.map((kind) => attempt(kind, flood.url, { timeout: SENT_BY })));
      for (const one of outcomes) expect(one, name).toMatch(/^(timeout|too-large|not-http), unknown$/);
      await isLeft(flood);
    });
    await Promise.all(came);
    expect(process.memoryUsage().rss - before).toBeLessThan(MEMORY);
  });
});

async function isLeft({ isOver }: Flood): Promise<void> {
  await eventually(isOver, { for: 'the server to be left' });
}
