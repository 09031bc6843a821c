import type { ServerResponse } from 'node:http';
import type { TerminalFault } from './faults.ts';

/** An HTTP response to send. Content-Length is added, and Date unless the response has its own. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const TRICKLE_MS = 50;
const TRICKLE = 'A'.repeat(1024);

export function send(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** The response of a gateway in the platform's place; undefined for faults that produce no complete response. */
export function gatewayAnswer(fault: TerminalFault | undefined): HttpResponse | undefined {
  switch (fault?.kind) {
    case 'status':
      return page(fault.status, `Error ${fault.status}`);
    case 'html':
      return page(200, 'Please log in');
    case 'empty':
      return { status: 200, headers: {}, body: '' };
    case 'body': {
      const contentType = fault.contentType ?? 'application/json; encoding=utf-8';
      return { status: 200, headers: { 'content-type': contentType }, body: fault.body };
    }
    case 'redirect':
      return { status: 302, headers: { location: fault.location }, body: '' };
    default:
      return undefined;
  }
}

/** Sends half of a response under the length of the whole, then breaks the connection. */
export function sendHalf(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
}

/**
 * Sends a response that begins like a token and never ends, at 20 KB/s at most. The caller ends it by destroying
 * it.
 */
export function sendEndless(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json; encoding=utf-8' });
  response.write('{"access_token":"');
  const timer = setInterval(() => {
    if (!response.writableNeedDrain) response.write(TRICKLE);
  }, TRICKLE_MS);
  response.once('close', () => clearInterval(timer));
}

function page(status: number, title: string): HttpResponse {
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body><h1>${title}</h1></body>\r\n</html>\r\n`;
  return { status, headers: { 'content-type': 'text/html' }, body };
}
