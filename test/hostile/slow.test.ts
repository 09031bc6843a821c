import { createServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { SENT_BY } from '../providers/asking.ts';
import { type Certificates, makeCertificates } from '../providers/certificates.ts';
import { afterRequest, listen, tcpServer } from '../providers/servers.ts';
import { eventually } from '../support/wait.ts';
import { ALL, attempt, BODY } from './credentials.ts';
import { dripping, STATUS, WITH_LENGTH } from './raw.ts';

const SHORT = { timeout: SENT_BY };
let made: Certificates | string = 'they have not been made';

beforeAll(async () => {
  made = await makeCertificates();
});

/** A byte at a time, or nothing more, at every stage of an answer. */
const SLOW: readonly (readonly [string, (socket: Socket) => void])[] = [
  ['lets its status drip', dripping(STATUS, 'x')],
  ['lets its headers drip', dripping(`${STATUS}X: `, 'x')],
  ['sends a header at a time', dripping(STATUS, 'X: y\r\n')],
  ['sends empty lines for ever', dripping('', '\r\n')],
  ['sends hints for ever', dripping('', 'HTTP/1.1 103 Early Hints\r\n\r\n')],
  ['lets the length of a piece drip', dripping(`${STATUS}Transfer-Encoding: chunked\r\n\r\n`, '0')],
  ['lets the extension of a piece drip', dripping(`${STATUS}Transfer-Encoding: chunked\r\n\r\n1;`, 'x')],
  ['lets trailers drip', dripping(`${STATUS}Transfer-Encoding: chunked\r\n\r\n0\r\n`, 'X: y\r\n')],
  ['lets a body drip whose end is the end of the connection', dripping(`${STATUS}\r\n${BODY}`, ' ')],
  ['never ends a body without a length', (socket) => socket.write(`${STATUS}\r\n${BODY}`)],
  ['stops reading and says nothing', (socket) => socket.pause()],
];

describe('answers that never end', () => {
  it('a request ends in time whatever part of the answer trickles in', async () => {
    const came = SLOW.map(async ([name, serve]) => {
      const url = await afterRequest(serve);
      return [name, await Promise.all(ALL.map((kind) => attempt(kind, url, SHORT)))] as const;
    });
    for (const [name, outcomes] of await Promise.all(came)) {
      for (const outcome of outcomes) expect(outcome, name).toMatch(/^(timeout|too-large), unknown$/);
    }
  });

  it('a request ends in time when the TLS handshake trickles in', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const behind = await listen(createServer(made.server, (_, response) => response.end(BODY)));
    const port = await tcpServer((socket) => {
      const upstream = connect(behind, '127.0.0.1');
      socket.pipe(upstream);
      upstream.on('error', () => {});
      let bytes = Buffer.alloc(0);
      upstream.on('data', (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk]);
      });
      const timer = setInterval(() => {
        socket.write(bytes.subarray(0, 1));
        bytes = bytes.subarray(1);
      }, 50);
      socket.once('close', () => {
        clearInterval(timer);
        upstream.destroy();
      });
    });
    const came = ALL.map((kind) => attempt(kind, `https://127.0.0.1:${port}`, { ...SHORT, ca: ca() }));
    for (const one of await Promise.all(came)) expect(one).toBe('unreachable, unsent');
  });
});

function ca(): string {
  return typeof made === 'string' ? '' : made.authority;
}

describe('half-open connections', () => {
  it('a connection left open after a whole answer is closed without waiting', async () => {
    for (const kind of ALL) {
      let closed = false;
      const url = await afterRequest((socket) => {
        socket.once('close', () => {
          closed = true;
        });
        socket.write(WITH_LENGTH);
      });
      expect(await attempt(kind, url)).toBe('answered');
      await eventually(() => closed, { for: 'the connection to be closed' });
    }
  });

  it('a connection closed by the platform without an answer is reported as cut', async () => {
    const url = await afterRequest((socket) => socket.end());
    for (const kind of ALL) expect(await attempt(kind, url)).toBe('cut, unknown');
  });
});

describe('late answers', () => {
  it('a late answer is not taken for the answer to the next request', async () => {
    const came = ALL.map(async (kind) => {
      const sockets: Socket[] = [];
      const port = await tcpServer((socket) => {
        sockets.push(socket);
        socket.once('data', () => {
          for (const each of sockets.slice(0, -1)) each.write(WITH_LENGTH.replaceAll('76_', '66_'));
          if (sockets.length > 1) socket.end(WITH_LENGTH);
        });
      });
      const url = `http://127.0.0.1:${port}`;
      return [await attempt(kind, url, SHORT), await attempt(kind, url)];
    });
    for (const outcomes of await Promise.all(came))
      expect(outcomes).toEqual(['timeout, unknown', 'answered']);
  });
});
