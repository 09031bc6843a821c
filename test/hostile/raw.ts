import type { Socket } from 'node:net';
import { setInterval } from 'node:timers';
import { afterRequest } from '../providers/servers.ts';
import { BODY } from './credentials.ts';

export const STATUS = 'HTTP/1.1 200 OK\r\n';

/** A whole answer, and the ways to say how long it is. */
export const WITH_LENGTH = `${STATUS}Content-Length: ${BODY.length}\r\n\r\n${BODY}`;
export const IN_PIECES = `${STATUS}Transfer-Encoding: chunked\r\n\r\n${pieces(BODY, 40)}0\r\n\r\n`;

function pieces(text: string, size: number): string {
  return (text.match(new RegExp(`.{1,${size}}`, 'gs')) ?? [])
    .map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`)
    .join('');
}

/** A server that says exactly this after a request, and then leaves the connection open. */
export function answering(said: string | Buffer): Promise<string> {
  return afterRequest((socket) => {
    socket.write(said);
  });
}

/** A byte at a time, for ever beginning with these. */
export function dripping(said: string, forever: string): (socket: Socket) => void {
  return (socket) => {
    let sent = 0;
    const timer = setInterval(() => {
      socket.write(said[sent] ?? forever[(sent - said.length) % forever.length] ?? ' ');
      sent += 1;
    }, DRIP);
    socket.once('close', () => clearInterval(timer));
  };
}

/** Between two bytes, ms. */
const DRIP = 50;

export interface Flood {
  readonly url: string;
  /** Bytes that left the server, those in the buffers of the system included. */
  readonly sent: () => number;
  /** Whether the other end has gone. */
  readonly isOver: () => boolean;
}

/** A server that says this after a request, and then something else as fast as it is taken, without end. */
export async function flooding(head: string, wave: string | Buffer): Promise<Flood> {
  let sent = 0;
  let over = false;
  const url = await afterRequest((socket) => {
    const more = () => {
      while (!over && socket.write(wave)) sent += wave.length;
    };
    socket.on('drain', more);
    socket.once('close', () => {
      over = true;
    });
    socket.write(head);
    more();
  });
  return { url, sent: () => sent, isOver: () => over };
}
