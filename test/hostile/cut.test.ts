import { createServer } from 'node:https';
import { connect } from 'node:net';
import { beforeAll, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../providers/certificates.ts';
import { afterRequest, listen, tcpServer } from '../providers/servers.ts';
import { ALL, attempt, BODY } from './credentials.ts';
import { IN_PIECES, WITH_LENGTH } from './raw.ts';

/** As many attempts at once. */
const AT_ONCE = 24;
let made: Certificates | string = 'they have not been made';

beforeAll(async () => {
  made = await makeCertificates();
});

/** What comes of each of these positions in turn, in turns. */
async function atEach(positions: readonly number[], ask: (position: number) => Promise<string>) {
  const outcomes: string[] = [];
  for (let index = 0; index < positions.length; index += AT_ONCE) {
    outcomes.push(...(await Promise.all(positions.slice(index, index + AT_ONCE).map(ask))));
  }
  return outcomes;
}

const upTo = (length: number, step = 1) =>
  Array.from({ length: Math.ceil(length / step) }, (_, index) => index * step);

it.each([
  ['with a length', WITH_LENGTH],
  ['in chunks', IN_PIECES],
])('an answer %s that is cut off at any byte is reported as cut', async (_, answer) => {
  for (const how of ['resetAndDestroy', 'end'] as const) {
    let position = 0;
    const url = await afterRequest((socket) => {
      const said = answer.slice(0, position++);
      if (said === '') socket[how]();
      else socket.write(said, () => socket[how]());
    });
    // Which attempt meets which position does not matter.
    const outcomes = await atEach(upTo(answer.length), (index) =>
      attempt(ALL[index % ALL.length] ?? 'wecom', url),
    );
    expect([...new Set(outcomes)]).toEqual(['cut, unknown']);
    expect(position).toBe(answer.length);
  }
});

it('a TLS connection cut off at any point yields the whole token or none', async (ctx) => {
  if (typeof made === 'string') return ctx.skip(made);
  const { authority: ca, server } = made;
  const behind = await listen(createServer(server, (_, response) => response.end(BODY)));
  let whole = 0;
  let limit = Number.POSITIVE_INFINITY;
  const port = await tcpServer((socket) => {
    const upstream = connect(behind, '127.0.0.1').on('error', () => {});
    let left = limit;
    socket.pipe(upstream);
    socket.once('close', () => upstream.destroy());
    upstream.on('data', (bytes: Buffer) => {
      whole += bytes.length;
      const piece = bytes.subarray(0, left);
      left -= piece.length;
      socket.write(piece, () => {
        if (left === 0) socket.destroy();
      });
    });
  });
  const url = `https://127.0.0.1:${port}`;
  expect(await attempt('stable-token', url, { ca })).toBe('answered');

  const positions = upTo(whole, 13).slice(1);
  const outcomes: string[] = [];
  for (const position of positions) {
    limit = position;
    outcomes.push(await attempt(ALL[position % ALL.length] ?? 'wecom', url, { ca }));
  }
  const answered = outcomes.filter((outcome) => outcome === 'answered');
  for (const outcome of outcomes) expect(outcome).toMatch(/^(unreachable, unsent|cut, unknown|answered)$/);
  // The last bytes of all say goodbye, and are not needed.
  expect(answered.length).toBeLessThan(6);
  expect(outcomes.slice(0, -6)).not.toContain('answered');
});
