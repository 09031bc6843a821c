import { createServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { asking, GOOD, judged } from './asking.ts';
import { type Certificates, type Identity, makeCertificates } from './certificates.ts';
import { listen, recording, type Seen, saying } from './servers.ts';

const KINDS = ['stable-token', 'access-token'] as const;
let made: Certificates | string = 'they have not been made';

beforeAll(async () => {
  made = await makeCertificates();
});

beforeEach(() => {
  // A proxy of this machine would stand in between.
  for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY']) vi.stubEnv(name, '');
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
});

async function tlsServer(identity: Identity & SecureContextOptions) {
  const seen: Seen[] = [];
  const port = await listen(
    createServer(
      identity,
      recording(seen, (response) => response.end(GOOD)),
    ),
  );
  return { url: `https://127.0.0.1:${port}`, named: `https://localhost:${port}`, seen };
}

describe('TLS certificates of the platform', () => {
  it('a platform with a certificate from the configured CA gets the request', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, named, seen } = await tlsServer(made.server);
    for (const type of KINDS) {
      for (const host of [url, named]) await asking(type, host, { ca: made.authority }).fetch();
    }
    expect(seen).toHaveLength(4);
  });

  it('a platform is accepted when one of several configured CAs signed its certificate', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, seen } = await tlsServer(made.server);
    await asking('stable-token', url, { ca: made.stranger + made.authority }).fetch();
    expect(seen).toHaveLength(1);
  });

  it.for([
    ['is signed by an unknown CA', 'server', undefined],
    ['is signed by another CA than the configured one', 'server', 'stranger'],
    ['is self-signed', 'selfSigned', undefined],
    ['is self-signed despite a configured CA', 'selfSigned', 'authority'],
    ['names another host', 'elsewhere', 'authority'],
  ] as const)(
    'a platform whose certificate %s never sees the AppSecret',
    async ([, identity, authority], ctx) => {
      if (typeof made === 'string') return ctx.skip(made);
      const { url, seen } = await tlsServer(made[identity]);
      for (const type of KINDS) {
        const failed = await asking(type, url, { ...(authority && { ca: made[authority] }) }).failure();
        expect(judged(failed)).toBe('tls, unsent');
        expect(failed.failure.advice).toContain('WXTOKEN_CA_FILE');
      }
      expect(seen).toEqual([]);
    },
  );

  it('a platform that speaks plain HTTP on an https URL never sees the AppSecret', async () => {
    const { url, seen } = await saying(GOOD);
    const failed = await asking('access-token', url.replace('http:', 'https:')).failure();
    expect(judged(failed)).toBe('tls, unsent');
    expect(failed.message).toContain('it speaks no TLS (plain http?)');
    expect(failed.message).not.toContain('certificate');
    expect(seen).toEqual([]);
  });

  it('a platform that speaks only TLS 1.1 never sees the AppSecret', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const { url, seen } = await tlsServer({ ...made.server, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' });
    const failed = await asking('access-token', url, { ca: made.authority }).failure();
    expect(judged(failed)).toBe('tls, unsent');
    expect(failed.message).toContain('no TLS came about');
    expect(seen).toEqual([]);
  });

  it('an access-token request goes to the next host when the first has a bad certificate', async (ctx) => {
    if (typeof made === 'string') return ctx.skip(made);
    const bad = await tlsServer(made.elsewhere);
    const good = await tlsServer(made.server);
    await asking('access-token', [bad.url, good.url], { ca: made.authority }).fetch();
    expect([bad.seen.length, good.seen.length]).toEqual([0, 1]);
  });
});
