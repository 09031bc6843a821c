import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, type TestContext } from 'vitest';
import { failureOf } from '../../src/core/failure.ts';
import { createClient } from '../../src/kubernetes/client.ts';
import { findConnection } from '../../src/kubernetes/connection.ts';
import type { Connection } from '../../src/kubernetes/connection-types.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import type { Certificates, Identity } from '../providers/certificates.ts';
import { listen } from '../providers/servers.ts';
import { startApiServer } from '../support/kubernetes/api-server.ts';
import { kubeconfig } from '../support/kubernetes/kubeconfig.ts';
import { eventually } from '../support/wait.ts';
import { testCertificates } from './cluster.ts';

const SECRET = { resource: 'secrets', namespace: 'default', name: 'wx-token' } as const;

async function certificates(context: TestContext): Promise<Certificates> {
  const made = await testCertificates();
  return typeof made === 'string' ? context.skip(made) : made;
}

async function clientOf({ onTestFinished }: TestContext, options: Parameters<typeof kubeconfig>[0]) {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'config');
  await writeFile(file, kubeconfig(options));
  const { connection } = await findConnection({ KUBECONFIG: file });
  if (!connection) throw new Error('no connection');
  return { ...using(onTestFinished, connection), connection };
}

function using(atEnd: TestContext['onTestFinished'], connection: Connection) {
  const client = createClient(connection, { clock: systemClock });
  atEnd(client.close);
  const outcome = () =>
    client.get(SECRET).then(
      () => 'found',
      (error: unknown) => {
        const { code, effect } = failureOf(error, 'none');
        return `${code}, ${effect}`;
      },
    );
  return { client, outcome };
}

/** An API server with this identity, which knows `authority` as the one of its clients. */
async function server(context: TestContext, identity: Identity, authority: string) {
  const started = await startApiServer({ tls: { ...identity, ca: authority } });
  context.onTestFinished(started.close);
  return started;
}

/** What every certificate here allows: the server is asked, and has no such Secret. */
const ASKED = 'kube-missing, none';

describe('certificates of the API server', () => {
  it('a server certificate signed by the given authority is accepted', async (context) => {
    const pem = await certificates(context);
    const { url, adminToken: token } = await server(context, pem.server, pem.authority);
    const { outcome } = await clientOf(context, { server: url, ca: pem.authority, user: { token } });
    expect(await outcome()).toBe(ASKED);
  });

  it.for([
    ['is signed by another authority', 'server', 'stranger', 'kube-tls-untrusted, unsent'],
    ['is self-signed', 'selfSigned', 'authority', 'kube-tls-untrusted, unsent'],
    ['is for another name', 'elsewhere', 'authority', 'kube-tls-name, unsent'],
  ] as const)(
    'a server whose certificate %s gets no token',
    async ([, identity, authority, expected], context) => {
      const pem = await certificates(context);
      const { url, heard } = await server(context, pem[identity], pem.authority);
      const { outcome } = await clientOf(context, { server: url, ca: pem[authority], user: { token: 'x' } });
      expect(await outcome()).toBe(expected);
      expect(heard).toEqual([]);
    },
  );

  it('a server certificate for another name is accepted with tls-server-name', async (context) => {
    const pem = await certificates(context);
    const { url, adminToken: token } = await server(context, pem.elsewhere, pem.authority);
    const cluster = { 'tls-server-name': 'elsewhere.example' };
    const { outcome } = await clientOf(context, { server: url, ca: pem.authority, user: { token }, cluster });
    expect(await outcome()).toBe(ASKED);
  });

  it('an expired server certificate is reported as expired', async (context) => {
    const pem = await certificates(context);
    const expired = await expiredIdentity(context);
    const { url } = await server(context, expired, pem.authority);
    const { outcome } = await clientOf(context, { server: url, ca: expired.cert, user: { token: 'x' } });
    expect(await outcome()).toBe('kube-tls-expired, unsent');
  });

  it('a server that speaks plain HTTP instead of HTTPS gets no token', async (context) => {
    const pem = await certificates(context);
    const port = await listen(createServer((_, response) => response.end('{}')));
    const { outcome } = await clientOf(context, {
      server: `https://127.0.0.1:${port}`,
      ca: pem.authority,
      user: { token: 'x' },
    });
    expect(await outcome()).toBe('kube-tls-plain, unsent');
  });

  it('a changed authority counts from the next request on', async (context) => {
    const pem = await certificates(context);
    const { url, adminToken: token } = await server(context, pem.server, pem.authority);
    const { connection } = await clientOf(context, { server: url, ca: pem.authority, user: { token } });
    let ca = pem.stranger;
    const { outcome } = using(context.onTestFinished, { ...connection, trust: async () => ({ ca }) });
    expect(await outcome()).toBe('kube-tls-untrusted, unsent');
    ca = pem.authority;
    expect(await outcome()).toBe(ASKED);
  });

  it('an unknown authority is reported with advice when the kubeconfig names none', async (context) => {
    const pem = await certificates(context);
    const { url } = await server(context, pem.server, pem.authority);
    const { client } = await clientOf(context, { server: url, user: { token: 'x' } });
    await expect(client.get(SECRET)).rejects.toMatchObject({
      failure: {
        code: 'kube-tls-untrusted',
        message: expect.stringMatching(/an authority that this system trusts, and no other was given/),
        advice: expect.stringContaining('certificate-authority of the kubeconfig'),
      },
    });
  });
});

describe('client certificates', () => {
  it('a client certificate is accepted even beside an unknown token', async (context) => {
    const pem = await certificates(context);
    const { url } = await server(context, pem.server, pem.authority);
    const data = (text: string) => Buffer.from(text).toString('base64');
    const user = {
      'client-certificate-data': data(pem.server.cert),
      'client-key-data': data(pem.server.key),
      token: 'of-nobody',
    };
    const { outcome } = await clientOf(context, { server: url, ca: pem.authority, user });
    expect(await outcome()).toBe(ASKED);
  });

  it('a client certificate that is refused in the handshake is reported as kube-tls-refused', async (context) => {
    const pem = await certificates(context);
    const port = await demanding(pem, context);
    const data = (text: string) => Buffer.from(text).toString('base64');
    const stranger = {
      'client-certificate-data': data(pem.selfSigned.cert),
      'client-key-data': data(pem.selfSigned.key),
    };
    const options = { server: `https://127.0.0.1:${port}`, ca: pem.authority };
    const { outcome } = await clientOf(context, { ...options, user: stranger });
    expect(await outcome()).toMatch(/^kube-tls-refused/);
  });
});

describe('client certificate files', () => {
  async function filed(context: TestContext) {
    const pem = await certificates(context);
    const { url } = await server(context, pem.server, pem.authority);
    const folder = await mkdtemp(join(tmpdir(), 'wx-'));
    context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'config');
    const user = { 'client-certificate': 'user.crt', 'client-key': 'user.key' };
    await writeFile(file, kubeconfig({ server: url, ca: pem.authority, user }));
    const put = async ({ cert, key }: Partial<Identity>) => {
      if (cert !== undefined) await writeFile(join(folder, 'user.crt'), cert);
      if (key !== undefined) await writeFile(join(folder, 'user.key'), key);
    };
    const start = async () => {
      const { connection } = await findConnection({ KUBECONFIG: file });
      if (!connection) throw new Error('no connection');
      return using(context.onTestFinished, connection);
    };
    return { pem, file, put, start };
  }

  it('a replaced client certificate is used at once', async (context) => {
    const { pem, put, start } = await filed(context);
    // The server knows no one who signed this one, and takes its bearer for nobody.
    await put(pem.selfSigned);
    const { outcome } = await start();
    expect(await outcome()).toBe('kube-forbidden, none');
    await put(pem.server);
    expect(await outcome()).toBe(ASKED);
  });

  it('a client certificate stays in use until both files are replaced', async (context) => {
    const { pem, put, start } = await filed(context);
    await put(pem.server);
    const { outcome } = await start();
    expect(await outcome()).toBe(ASKED);
    await put({ cert: pem.selfSigned.cert });
    expect(await outcome()).toBe(ASKED);
    await put({ key: pem.selfSigned.key });
    expect(await outcome()).toBe('kube-forbidden, none');
  });

  it('a client certificate with an unusable or foreign key is refused before any request', async (context) => {
    const { pem, file, put } = await filed(context);
    const encrypted = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    }).privateKey;
    for (const [key, what] of [
      ['garbage', `client-key of ${file} holds no private key in PEM`],
      [pem.server.cert, `client-key of ${file} holds no private key in PEM`],
      [pem.selfSigned.key, `client-key of ${file} is not the key of client-certificate of ${file}`],
      [encrypted, `client-key of ${file} is encrypted, and a daemon has nobody to ask for the passphrase`],
    ] as const) {
      await put({ cert: pem.server.cert, key });
      const { problems } = await findConnection({ KUBECONFIG: file });
      expect(problems?.map(({ en }) => en)).toEqual([`the API server cannot be asked: ${what}`]);
    }
  });
});

describe('plain HTTP clients', () => {
  it('a client that speaks plain HTTP to an HTTPS server gets HTTP 400', async (context) => {
    const pem = await certificates(context);
    const { url } = await server(context, pem.server, pem.authority);
    const { outcome } = await clientOf(context, { server: url.replace('https:', 'http:'), user: {} });
    expect(await outcome()).toBe('kube-http-400, none');
  });
});

/** A port that lets nobody through but those whose certificate the authority has signed, and tells the others why. */
async function demanding(pem: Certificates, context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  const files = { cert: pem.server.cert, key: pem.server.key, ca: pem.authority };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const identity = ['-cert', 'cert', '-key', 'key', '-CAfile', 'ca', '-Verify', '1', '-verify_return_error'];
  const server = spawn('openssl', ['s_server', '-accept', '127.0.0.1:0', '-tls1_2', '-www', ...identity], {
    cwd: folder,
  });
  context.onTestFinished(async () => {
    server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  let said = '';
  server.stdout.on('data', (part: Buffer) => {
    said += part;
  });
  return eventually(() => /ACCEPT .*:(\d+)/.exec(said)?.[1], { for: 'a port' });
}

/** Signed by itself, a year ago for a day. */
async function expiredIdentity({ onTestFinished }: TestContext): Promise<Identity> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: folder });
  const config = [
    '[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=.\nserial=serial\ndefault_md=sha256\npolicy=p\nx509_extensions=x',
    '[p]\ncommonName=supplied\n[x]\nsubjectAltName=IP:127.0.0.1\nbasicConstraints=CA:true\n',
  ].join('\n');
  await Promise.all([
    writeFile(join(folder, 'config'), config),
    writeFile(join(folder, 'index'), ''),
    writeFile(join(folder, 'serial'), '01\n'),
  ]);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key'];
  await openssl('req', '-new', ...key, '-subj', '/CN=late', '-out', 'csr');
  const dates = ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'];
  await openssl(
    'ca',
    '-batch',
    '-config',
    'config',
    '-selfsign',
    '-keyfile',
    'key',
    '-in',
    'csr',
    '-out',
    'cert',
    '-notext',
    ...dates,
  );
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  return { key: await read('key'), cert: await read('cert') };
}
