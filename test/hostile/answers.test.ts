import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ALL, attempt, BODY } from './credentials.ts';
import { answering, IN_PIECES, STATUS, WITH_LENGTH } from './raw.ts';

const OTHER = BODY.replaceAll('76_', '66_');
const BOMB = gzipSync(Buffer.alloc(4 * 1024 * 1024, BODY));
const framed = (head: string, body: string | Buffer) =>
  Buffer.concat([Buffer.from(`${STATUS}${head}Content-Length: ${body.length}\r\n\r\n`), Buffer.from(body)]);

/** What is said, and what is to come of it; the connection stays open behind it, so nothing may wait for its end. */
const SAID: readonly (readonly [string, string | Buffer, string])[] = [
  [
    'early hints before the answer',
    `HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n${WITH_LENGTH}`,
    'answered',
  ],
  ['an HTTP/1.0 answer with a length', WITH_LENGTH.replace('1.1', '1.0'), 'answered'],
  ['a chunk with an extension', IN_PIECES.replace('\r\n\r\n28', '\r\n\r\n28;name="value"'), 'answered'],
  ['chunks and trailers', IN_PIECES.replace(/\r\n$/, 'X-Trailer: 1\r\n\r\n'), 'answered'],
  ['a second answer behind the first', WITH_LENGTH + WITH_LENGTH.replace(BODY, OTHER), 'answered'],
  ['garbage behind the answer', `${WITH_LENGTH}\0\x01garbage\r\n\r\n`, 'answered'],
  ['half of a second answer behind the first', IN_PIECES + WITH_LENGTH.slice(0, 40), 'answered'],
  [
    'headers that point elsewhere',
    framed(
      'Refresh: 0; url=http://127.0.0.1:1/\r\nLocation: http://127.0.0.1:1/\r\nAlt-Svc: h2=":1"\r\n',
      BODY,
    ),
    'answered',
  ],

  // Nobody asked whether to continue; undici takes such a server for a broken one.
  ['an unrequested 100 Continue', `HTTP/1.1 100 Continue\r\n\r\n${WITH_LENGTH}`, 'cut, unknown'],
  [
    'a Content-Length shorter than its body',
    WITH_LENGTH.replace(`: ${BODY.length}`, ': 10'),
    'odd-answer, unknown',
  ],
  ['a Content-Length of 0', framed('', '').toString(), 'odd-answer, unknown'],
  ['a gzip bomb', framed('Content-Encoding: gzip\r\n', BOMB), 'odd-answer, unknown'],
  [
    'compression that was not asked for',
    framed('Content-Encoding: br\r\n', gzipSync(BODY)),
    'odd-answer, unknown',
  ],
  ['a body after 204 No Content', `HTTP/1.1 204 No Content\r\n\r\n${BODY}`, 'odd-answer, unknown'],
  ['HTTP 304 Not Modified', `HTTP/1.1 304 Not Modified\r\n\r\n`, 'http-304, none'],
  [
    'a 401 that demands a password',
    'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n',
    'http-401, none',
  ],
  ['the unknown status 999', WITH_LENGTH.replace('200', '999'), 'http-999, unknown'],
];

const CLOSED: readonly (readonly [string, string])[] = [
  ['two Content-Length headers', WITH_LENGTH.replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\n')],
  ['a negative Content-Length', WITH_LENGTH.replace(`: ${BODY.length}`, ': -1')],
  ['an overflowing Content-Length', WITH_LENGTH.replace(`: ${BODY.length}`, `: ${'9'.repeat(40)}`)],
  ['a Content-Length in words', WITH_LENGTH.replace(`: ${BODY.length}`, ': many')],
  ['both Content-Length and chunks', IN_PIECES.replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\n')],
  ['an overflowing chunk size', IN_PIECES.replace('\r\n\r\n28', `\r\n\r\n${'F'.repeat(17)}`)],
  ['a negative chunk size', IN_PIECES.replace('\r\n\r\n28', '\r\n\r\n-28')],
  ['a chunk longer than its size', IN_PIECES.replace('\r\n\r\n28', '\r\n\r\n5')],
  ['a NUL in a header', WITH_LENGTH.replace('\r\n\r\n', '\r\nX: a\0b\r\n\r\n')],
  ['a header without a name', WITH_LENGTH.replace('\r\n\r\n', '\r\n: value\r\n\r\n')],
  ['a blank after a header name', WITH_LENGTH.replace('Content-Length:', 'Content-Length :')],
  ['a missing status line (HTTP/0.9)', BODY],
  ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'],
  [
    'a switch to another protocol',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
  ],
  ['TLS bytes on a plain connection', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'],
];

describe.each(ALL)('hostile answers to %s requests', (kind) => {
  it.each(SAID)(`the ${kind} request met by %s ends as $2`, async (_, said, expected) => {
    expect(await attempt(kind, await answering(said))).toBe(expected);
  });

  it.each(CLOSED)(`the ${kind} request met by %s is given up with an unknown outcome`, async (_, said) => {
    expect(await attempt(kind, await answering(said))).toMatch(/^(not-http|network|cut), unknown$/);
  });
});
