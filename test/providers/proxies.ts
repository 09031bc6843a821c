import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Identity } from './certificates.ts';
import { listen } from './servers.ts';

export interface Proxy {
  readonly url: string;
  readonly port: number;
  /** The hosts and ports it was asked to connect to, and the URLs of requests that it was to pass on itself. */
  readonly asked: readonly string[];
  /** What it was shown as its password, as it was sent. */
  readonly authorizations: readonly (string | undefined)[];
  /** All bytes that it carried from the client. */
  readonly carried: () => string;
}

/**
 * A proxy that connects wherever it is asked to, until the test ends; or one that answers with another status.
 * @param identity of one that is spoken to in TLS
 */
export async function connectProxy(status = 200, identity?: Identity): Promise<Proxy> {
  const asked: string[] = [];
  const authorizations: (string | undefined)[] = [];
  let carried = '';
  const refuse: RequestListener = ({ url = '' }, response) => {
    asked.push(url);
    response.writeHead(405).end();
  };
  const server = identity ? createSecureServer(identity, refuse) : createServer(refuse);
  server.on('connect', ({ url = '', headers }, client: Socket) => {
    asked.push(url);
    authorizations.push(headers['proxy-authorization']);
    client.on('error', () => {});
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${url}`);
    const target = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.on('data', (bytes: Buffer) => {
        carried += bytes.toString('latin1');
      });
      client.pipe(target).pipe(client);
    });
    target.on('error', () => client.destroy());
    client.on('close', () => target.destroy());
  });
  const port = await listen(server);
  const scheme = identity ? 'https' : 'http';
  return { url: `${scheme}://127.0.0.1:${port}`, port, asked, authorizations, carried: () => carried };
}
