// Everything at the far end of a slow link: platform, webhook and API server on 443, a proxy on 3128, and a resolver that
// takes three seconds on the loopback of the namespace. Each request is told on standard output. KEY and CERT are PEM.
import { createSocket } from 'node:dgram';
import { createServer as createProxy } from 'node:http';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

const { KEY: key, CERT: cert } = process.env;
const tell = (what) => process.stdout.write(`${what}\n`);
const secret = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', data: {} };
let lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
const metadata = { name: 'wx', namespace: 'shop', uid: 'a-uid' };
let version = 1;

const far = createServer({ key, cert }, async (request, response) => {
  const body = await text(request);
  tell(
    `${request.method} ${request.headers.host}${request.url.split('?')[0]} from ${request.socket.remoteAddress}`,
  );
  response.setHeader('content-type', 'application/json');
  if (request.url.includes('watch=')) {
    // Nothing of interest happens.
    response.flushHeaders();
  } else if (request.url.includes('/leases/')) {
    if (request.method === 'PUT') {
      version += 1;
      lease = JSON.parse(body);
    }
    response.end(JSON.stringify({ ...lease, metadata: { ...metadata, resourceVersion: String(version) } }));
  } else if (request.url.startsWith('/api/')) {
    if (request.method === 'PATCH') {
      version += 1;
      Object.assign(secret.data, JSON.parse(body).data);
    }
    response.end(JSON.stringify({ ...secret, metadata: { ...metadata, resourceVersion: String(version) } }));
  } else response.end(JSON.stringify({ access_token: 'A_TOKEN_FROM_FAR_AWAY', expires_in: 7200 }));
});

const proxy = createProxy().on('connect', ({ url }, client) => {
  tell(`CONNECT ${url}`);
  const [, port] = url.split(':');
  const target = connect(Number(port), '127.0.0.1', () => {
    client.write('HTTP/1.1 200 OK\r\n\r\n');
    client.pipe(target).pipe(client);
  });
  for (const socket of [client, target]) socket.on('error', () => {});
});

/** Answers a question after a while: each A with the far address, and everything else with no record. */
const resolver = createSocket('udp4').on('message', (query, { port, address }) => {
  let end = 12;
  while (query[end] !== 0) end += query[end] + 1;
  const isA = query.readUInt16BE(end + 1) === 1;
  const head = Buffer.concat([
    query.subarray(0, 2),
    Buffer.from([0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]),
  ]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 9, 0, 2]);
  const answer = Buffer.concat([head, query.subarray(12, end + 5), ...(isA ? [record] : [])]);
  setTimeout(() => resolver.send(answer, port, address), 3_000);
});

resolver.bind(53, '127.0.0.1', () =>
  far.listen(443, '::', () => proxy.listen(3128, '::', () => tell('ready'))),
);
