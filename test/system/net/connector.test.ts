import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Connector, type ConnectorOptions, createConnector } from '../../../src/system/net/connector.ts';
import { type Certificates, makeCertificates } from '../../providers/certificates.ts';
import { closedPort, listen, tcpServer } from '../../providers/servers.ts';
import { eventually } from '../../support/wait.ts';

let made: Certificates | string = 'they have not been made';

beforeAll(async () => {
  made = await makeCertificates();
});

function connectorWith(options: ConnectorOptions = {}): Connector {
  const connector = createConnector(options);
  onTestFinished(() => connector.close());
  return connector;
}

function connected(connector: Connector, url: string): Promise<Socket | TLSSocket> {
  const { protocol, hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    connector.connect({ protocol, hostname, port }, (error, socket) => {
      if (error) return reject(error);
      onTestFinished(() => {
        socket.destroy();
      });
      resolve(socket);
    });
  });
}

describe('connector', () => {
  it('a TLS connection to an address is verified against the address', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const tls = { ca: made.authority };
    const port = await listen(createServer(made.server));
    const other = await listen(createServer(made.elsewhere));
    expect((await connected(connectorWith({ tls }), `https://127.0.0.1:${port}`)).remotePort).toBe(port);
    await expect(connected(connectorWith({ tls }), `https://127.0.0.1:${other}`)).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    const named = connectorWith({ tls: { ...tls, servername: 'elsewhere.example' } });
    expect((await connected(named, `https://127.0.0.1:${other}`)).remotePort).toBe(other);
  });

  it('a peer that hangs up in the handshake ends the connection', async () => {
    const port = await tcpServer((socket) => socket.once('data', () => socket.destroy()));
    const connector = connectorWith();
    await expect(connected(connector, `https://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    expect(connector.tried()?.en).toBe('tried 127.0.0.1 (IPv4): connected');
  });

  it('a handshake that never ends is given up by time and by close', async () => {
    const open = new Set<Socket>();
    const port = await tcpServer((socket) => {
      open.add(socket.resume());
      socket.once('close', () => open.delete(socket));
    });
    const url = `https://127.0.0.1:${port}`;
    await expect(connected(connectorWith({ timeout: 50 }), url)).rejects.toMatchObject({
      code: 'UND_ERR_CONNECT_TIMEOUT',
    });
    const connector = connectorWith();
    const outcome = connected(connector, url);
    outcome.catch(() => {});
    await eventually(() => connector.tried()?.en.endsWith('connected'));
    connector.close();
    await expect(outcome).rejects.toMatchObject({ name: 'AbortError' });
    await eventually(() => open.size === 0);
    await expect(connected(connector, url)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('a name that cannot be resolved has no attempts to tell of', async () => {
    const connector = connectorWith();
    await expect(connected(connector, 'http://nowhere.invalid')).rejects.toMatchObject({
      syscall: 'getaddrinfo',
    });
    expect(connector.tried()).toBeUndefined();
  });

  it('a refused connection is told with its address', async () => {
    const connector = connectorWith();
    const url = `http://127.0.0.1:${await closedPort()}`;
    await expect(connected(connector, url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(connector.tried()?.en).toBe('tried 127.0.0.1 (IPv4): refused (ECONNREFUSED)');
  });
});
