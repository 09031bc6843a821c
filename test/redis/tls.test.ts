import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { testCertificates } from '../kubernetes/cluster.ts';
import type { Certificates, Identity } from '../providers/certificates.ts';
import { startRedis } from '../support/redis-server.ts';
import { connectionTo, outcome, told } from './clients.ts';

async function files({ skip, onTestFinished }: TestContext) {
  const made = await testCertificates();
  if (typeof made === 'string') return skip(made);
  const pem: Certificates = made;
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  async function file(name: string, text: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  }
  const pair = async (name: string, { cert, key }: Identity) => ({
    certFile: await file(`${name}.pem`, cert),
    keyFile: await file(`${name}.key`, key),
  });
  return { pem, file, pair, ca: await file('ca.pem', pem.authority) };
}

describe('TLS to Redis', () => {
  async function guarded(ctx: TestContext, identity: (pem: Certificates) => Identity = (pem) => pem.server) {
    const found = await files(ctx);
    const { certFile, keyFile } = await found.pair('server', identity(found.pem));
    const tls = { ca: found.ca, cert: certFile, key: keyFile };
    return { ...found, server: await startRedis(ctx, { tls }) };
  }

  it('a server with an authority of its own is trusted, and knows the client by its certificate', async (ctx) => {
    const { server, ca, pair, pem } = await guarded(ctx);
    const tls = { caFile: ca, ...(await pair('client', pem.server)) };
    const redis = connectionTo(server.connection({ tls }), ctx.onTestFinished);
    await redis.set('k', 'v', 60_000);
    expect(await redis.get('k')).toBe('v');
  });

  it('a client without the certificate that the server wants is told so', async (ctx) => {
    const { server, ca } = await guarded(ctx);
    const redis = connectionTo(server.connection({ tls: { caFile: ca } }), ctx.onTestFinished);
    expect(await told(redis.get('k'))).toMatch(/redis-tls-refused|redis-cut/);
  });

  it('a server of another authority is not trusted, nor one with the certificate of another host', async (ctx) => {
    const { server, file, pair, pem } = await guarded(ctx);
    const client = await pair('client', pem.server);
    const stranger = { caFile: await file('stranger.pem', pem.stranger), ...client };
    const redis = connectionTo(server.connection({ tls: stranger }), ctx.onTestFinished);
    expect(await outcome(redis.get('k'))).toBe('redis-tls-untrusted, unsent');
    const elsewhere = await guarded(ctx, (all) => all.elsewhere);
    const tls = { caFile: elsewhere.ca, ...client };
    const other = connectionTo(elsewhere.server.connection({ tls }), ctx.onTestFinished);
    expect(await outcome(other.get('k'))).toBe('redis-tls-untrusted, unsent');
  });

  it('TLS to a port without it, and none to a port with it, are told as such', async (ctx) => {
    const { server, ca, pair, pem } = await guarded(ctx);
    const plain = await startRedis(ctx);
    const tls = { caFile: ca, ...(await pair('client', pem.server)) };
    const encrypted = connectionTo(plain.connection({ tls }), ctx.onTestFinished);
    expect(await told(encrypted.get('k'))).toContain('nobody answers there, or not with TLS');
    const open = connectionTo(server.connection(), ctx.onTestFinished);
    expect(await outcome(open.get('k'))).toMatch(/^redis-(not-redis|cut), none$/);
  });

  it('a key that is not that of the certificate is told by the names of the files', async (ctx) => {
    const { server, ca, pair, pem } = await guarded(ctx);
    const { certFile } = await pair('client', pem.server);
    const { keyFile } = await pair('other', pem.selfSigned);
    const redis = connectionTo(
      server.connection({ tls: { caFile: ca, certFile, keyFile } }),
      ctx.onTestFinished,
    );
    expect(await told(redis.get('k'))).toMatch(
      /redis-credentials.*other\.key is not the key of .*client\.pem/,
    );
  });
});
