import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { EdgeError } from '../../src/core/failure.ts';
import { verbatim } from '../../src/core/text.ts';
import { createClient } from '../../src/kubernetes/client.ts';
import type { Connection } from '../../src/kubernetes/connection-types.ts';
import { networkError } from '../../src/kubernetes/network-errors.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { closedPort } from '../providers/servers.ts';

function connectionTo(port: number): Connection {
  return {
    server: `http://127.0.0.1:${port}`,
    source: verbatim('a test'),
    namespace: 'shop',
    files: [],
    trust: async () => ({}),
    token: async () => undefined,
  };
}

function failureFor(code: string, effect: 'unsent' | 'none' = 'none'): string {
  const cause = Object.assign(new Error('as the library words it'), { code });
  const { failure } = networkError(connectionTo(6443), cause, effect);
  return `${failure.code}: ${failure.message.split('(a test): ')[1]}`;
}

describe('a request to the API server without an answer', () => {
  it.for([
    ['ENOTFOUND', 'kube-dns: its name cannot be resolved (ENOTFOUND)'],
    ['ECONNREFUSED', 'kube-unreachable: it cannot be reached (ECONNREFUSED)'],
    ['UND_ERR_HEADERS_TIMEOUT', 'kube-timeout: it did not answer in time (UND_ERR_HEADERS_TIMEOUT)'],
    ['UND_ERR_BODY_TIMEOUT', 'kube-timeout: nothing came for too long (UND_ERR_BODY_TIMEOUT)'],
    ['ECONNRESET', 'kube-cut: the connection ended before the answer did (ECONNRESET)'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', /^kube-cut: /],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /^kube-tls-name: /],
    [
      'CERT_HAS_EXPIRED',
      /^kube-tls-expired: its certificate has expired by the clock of this machine, which says 2/,
    ],
    [
      'CERT_NOT_YET_VALID',
      /^kube-tls-not-yet-valid: its certificate is not valid yet by the clock of this machine/,
    ],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /^kube-tls-untrusted: /],
    ['CRL_HAS_EXPIRED', /^kube-tls-untrusted: /],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', /^kube-tls-untrusted: /],
    ['EPROTO', /^kube-tls-plain: /],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /^kube-tls-plain: /],
    ['ERR_SSL_HTTP_REQUEST', /^kube-tls-plain: /],
    ['UND_ERR_RES_EXCEEDED_MAX_SIZE', /^kube-endless: /],
    ['EWHATEVER', 'kube-network: the request failed with EWHATEVER'],
    ['UND_ERR_INVALID_ARG', 'kube-network: the request failed with UND_ERR_INVALID_ARG'],
  ] as const)('%s is reported with its own code', ([code, line]) => {
    expect(failureFor(code)).toMatch(line);
  });

  it('a timeout and a cut before the request was sent are reported as unreachable', () => {
    expect(failureFor('UND_ERR_HEADERS_TIMEOUT', 'unsent')).toBe(
      'kube-unreachable: no connection came about in time (UND_ERR_HEADERS_TIMEOUT)',
    );
    expect(failureFor('ECONNRESET', 'unsent')).toBe(
      'kube-unreachable: the connection was cut while it was made (ECONNRESET)',
    );
  });

  it('an API server that refuses connections is reported with the address that was tried', async ({
    onTestFinished,
  }) => {
    const client = createClient(connectionTo(await closedPort()), { clock: systemClock });
    onTestFinished(client.close);
    const error = await client
      .get({ resource: 'secrets', namespace: 'shop', name: 'wx-token' })
      .catch((thrown: EdgeError) => thrown);
    expect(error).toMatchObject({
      code: 'kube-unreachable',
      failure: { advice: expect.stringMatching(/; tried 127\.0\.0\.1 \(IPv4\): refused \(ECONNREFUSED\)$/) },
    });
  });

  it('an answer that is not HTTP is reported as kube-not-http', async ({ onTestFinished }) => {
    const server = createServer((socket) => socket.end('220 mail.example ESMTP\r\n'));
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    onTestFinished(() => void server.close());
    const client = createClient(connectionTo(port), { clock: systemClock });
    onTestFinished(client.close);
    const error = await client
      .get({ resource: 'secrets', namespace: 'shop', name: 'wx-token' })
      .catch((thrown: EdgeError) => thrown);
    expect(error).toMatchObject({ code: 'kube-not-http' });
  });
});
