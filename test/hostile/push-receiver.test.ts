import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { post, type Receiving, receiving, seal, ticketMessage } from '../push/receiving.ts';
import { eventually } from '../support/wait.ts';

const PUSH = seal('component', ticketMessage('component', 'ticket@@@0123456789abcdef'));
const HEAD = `POST /wx/platform?${PUSH.query} HTTP/1.1\r\nHost: a\r\n`;

interface Client {
  readonly socket: Socket;
  readonly received: () => string;
  readonly isOver: () => boolean;
}

/** A connection to the receiver that has said this so far. */
async function client({ port }: Receiving, said = ''): Promise<Client> {
  let received = '';
  let over = false;
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
  });
  socket.on('error', () => {});
  socket.once('close', () => {
    over = true;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  if (said !== '') socket.write(said);
  return { socket, received: () => received, isOver: () => over };
}

async function stillServes(receiver: Receiving): Promise<void> {
  const answer = await post(`${receiver.url}/wx/platform`, PUSH);
  expect(answer).toEqual({ status: 200, text: 'success' });
}

describe('hostile clients of the push receiver', () => {
  it.each([
    ['says nothing', ''],
    ['stops within its headers', 'POST /wx/platform HTTP/1.1\r\nHost'],
    ['stops before its body', `${HEAD}Content-Length: 100\r\n\r\n`],
    ['stops within its body', `${HEAD}Content-Length: 100\r\n\r\n<xml>`],
    ['stops within a piece', `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n<x`],
  ])('a client that %s is left in time', async (_, said) => {
    const receiver = await receiving({ patience: 300 });
    const { isOver } = await client(receiver, said);
    await eventually(isOver, { for: 'the connection to be closed' });
    await stillServes(receiver);
    expect(receiver.kept).toHaveLength(1);
  });

  it('a body that trickles in without end is left in time', async () => {
    const receiver = await receiving({ patience: 300 });
    const { socket, isOver } = await client(receiver, `${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    const timer = setInterval(() => socket.write('1\r\nx\r\n'), 20);
    onTestFinished(() => clearInterval(timer));
    await eventually(isOver, { for: 'the connection to be closed' });
    await stillServes(receiver);
  });

  it('hundreds of silent connections keep the platform out no more than one does', async () => {
    const receiver = await receiving({ patience: 60_000 });
    const silent = await Promise.all(
      Array.from({ length: 300 }, (_, at) =>
        client(receiver, at % 2 === 0 ? '' : `${HEAD}Content-Length: 9\r\n\r\n`),
      ),
    );
    await stillServes(receiver);
    await eventually(() => silent.filter(({ isOver }) => !isOver()).length <= 64, {
      for: 'all but 64 connections to be closed',
    });
  });

  it('an endless body is left after 64 KB, with 413 or without an answer', async () => {
    const receiver = await receiving();
    for (const head of ['Transfer-Encoding: chunked', 'Content-Length: 1073741824']) {
      const { socket, received, isOver } = await client(receiver, `${HEAD}${head}\r\n\r\n`);
      const wave = head.startsWith('T') ? `10000\r\n${'x'.repeat(65_536)}\r\n` : 'x'.repeat(65_536);
      let sent = 0;
      const more = () => {
        while (!socket.destroyed && socket.write(wave)) sent += wave.length;
      };
      socket.on('drain', more);
      more();
      await eventually(isOver, { for: `the connection to be closed: ${head}` });
      expect(received()).toMatch(/^(HTTP\/1\.1 413 |$)/);
      expect(sent).toBeLessThan(24 * 1024 * 1024);
    }
    await stillServes(receiver);
  });

  it.each([
    ['headers beyond 8 KB', `${HEAD}X: ${'x'.repeat(9000)}\r\n\r\n`, 431],
    ['two lengths', `${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`, 400],
    ['a length and pieces', `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['a line that is no HTTP', 'hello\r\n\r\n', 400],
    ['a path with a line break', 'POST /wx/platform\n HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a whole URL', `POST http://a/wx/platform HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`, 404],
  ])('a request with %s is refused', async (_, said, status) => {
    const receiver = await receiving();
    const { received } = await client(receiver, said);
    await eventually(() => received() !== '', { for: 'an answer' });
    expect(received()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    await stillServes(receiver);
  });

  it('a second request within the body of the first is not taken for one', async () => {
    const receiver = await receiving();
    const smuggled = `${HEAD}Content-Length: ${PUSH.body.length}\r\n\r\n${PUSH.body}`;
    const first = `POST /wx/platform HTTP/1.1\r\nHost: a\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`;
    const { received } = await client(receiver, first);
    await eventually(() => received() !== '', { for: 'an answer' });
    expect(received()).toMatch(/^HTTP\/1\.1 403 /);
    await stillServes(receiver);
    expect(receiver.kept).toHaveLength(1);
  });

  it('any bytes as a body are refused, and the receiver stays', async () => {
    const receiver = await receiving();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
        const url = `${receiver.url}/wx/platform?${PUSH.query}`;
        const response = await fetch(url, { method: 'POST', body: bytes as Uint8Array<ArrayBuffer> });
        expect(response.status).toBe(403);
      }),
      { numRuns: 100 },
    );
    await stillServes(receiver);
  });

  it('a push of which any byte was changed is never believed', async () => {
    const receiver = await receiving();
    const encrypted = PUSH.body.indexOf('<Encrypt><![CDATA[') + '<Encrypt><![CDATA['.length;
    const length = PUSH.body.indexOf(']]></Encrypt>') - encrypted;
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), fc.constantFrom(...'ABab01+/='), async (at, letter) => {
        const position = encrypted + at;
        fc.pre(PUSH.body[position] !== letter);
        const body = PUSH.body.slice(0, position) + letter + PUSH.body.slice(position + 1);
        expect((await post(`${receiver.url}/wx/platform`, { ...PUSH, body })).status).toBe(403);
      }),
      { numRuns: 200 },
    );
    expect(receiver.kept).toEqual([]);
    await stillServes(receiver);
  });

  it('a client that goes within its push leaves nothing behind', async () => {
    const receiver = await receiving();
    for (let times = 0; times < 50; times += 1) {
      const { socket } = await client(
        receiver,
        `${HEAD}Content-Length: ${PUSH.body.length}\r\n\r\n${PUSH.body.slice(0, 50)}`,
      );
      socket.resetAndDestroy();
    }
    await stillServes(receiver);
    expect(receiver.verdicts()).toEqual(['ticket']);
  });
});
