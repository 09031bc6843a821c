import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { findConnection } from '../../src/kubernetes/connection.ts';
import type { Certificates } from '../providers/certificates.ts';
import { testCertificates } from './cluster.ts';

async function folderOf({ onTestFinished }: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function certificatesOr(context: TestContext): Promise<Certificates> {
  const made = await testCertificates();
  return typeof made === 'string' ? context.skip(made) : made;
}

async function certificateOr(context: TestContext): Promise<string> {
  return (await certificatesOr(context)).authority;
}

describe('in a pod', () => {
  const ENVIRONMENT = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

  async function account(context: TestContext) {
    const folder = await folderOf(context);
    const ca = await certificateOr(context);
    await writeFile(join(folder, 'ca.crt'), ca);
    await writeFile(join(folder, 'token'), 'first-token\n');
    await writeFile(join(folder, 'namespace'), 'shop');
    return { folder, ca };
  }

  it('the API server is found, and asked as the service account', async (context) => {
    const { folder, ca } = await account(context);
    const { connection } = await findConnection(ENVIRONMENT, folder);
    expect(connection).toMatchObject({ server: 'https://10.96.0.1:443', namespace: 'shop' });
    expect(await connection?.trust()).toEqual({ ca });
    expect((await connection?.token())?.reveal()).toBe('first-token');
  });

  it('it has an address of IPv6 where the cluster has', async (context) => {
    const { folder } = await account(context);
    const { connection } = await findConnection(
      { ...ENVIRONMENT, KUBERNETES_SERVICE_HOST: 'fd00::1' },
      folder,
    );
    expect(connection?.server).toBe('https://[fd00::1]:443');
  });

  it('a token and authorities that were replaced count at once', async (context) => {
    const { folder, ca } = await account(context);
    const { connection } = await findConnection(ENVIRONMENT, folder);
    await writeFile(join(folder, 'token'), 'second-token');
    await writeFile(join(folder, 'ca.crt'), ca + ca);
    expect((await connection?.token())?.reveal()).toBe('second-token');
    expect(await connection?.trust()).toEqual({ ca: ca + ca });
  });

  it('a token that is gone, empty or of several lines is said, and not quoted', async (context) => {
    const { folder } = await account(context);
    const { connection } = await findConnection(ENVIRONMENT, folder);
    for (const text of ['', ' \n', 'secret one\nsecret two']) {
      await writeFile(join(folder, 'token'), text);
      await expect(connection?.token()).rejects.toMatchObject({
        code: 'kube-credentials',
        message: `the API server cannot be asked: ${folder}/token holds no token`,
      });
    }
  });

  it('without a service account it is said how to get one', async (context) => {
    const folder = await folderOf(context);
    const { problems } = await findConnection(ENVIRONMENT, folder);
    expect(problems).toEqual([expect.stringMatching(/ENOENT.*automountServiceAccountToken: true/)]);
  });

  it('authorities that are none are said', async (context) => {
    const { folder } = await account(context);
    await writeFile(join(folder, 'ca.crt'), 'garbage');
    const { problems } = await findConnection(ENVIRONMENT, folder);
    expect(problems).toEqual([
      `the API server cannot be asked: ${folder}/ca.crt holds no certificate in PEM`,
    ]);
  });
});

describe('elsewhere', () => {
  it('there is no cluster unless KUBECONFIG names one', async () => {
    const { problems } = await findConnection({});
    expect(problems).toEqual([
      expect.stringMatching(/KUBERNETES_SERVICE_HOST is not set.*KUBECONFIG names no file/),
    ]);
  });
});

describe('a kubeconfig', () => {
  /** With the sections of the current context; what is undefined is left out. */
  async function read(context: TestContext, cluster: object, user: object, rest: object = {}) {
    const folder = await folderOf(context);
    const file = join(folder, 'config');
    const document = {
      'current-context': 'here',
      contexts: [
        { name: 'there', context: { cluster: 'b', user: 'b' } },
        { name: 'here', context: { cluster: 'a', user: 'a', namespace: 'shop' } },
      ],
      clusters: [{ name: 'a', cluster: { server: 'https://10.0.0.1:6443/', ...cluster } }],
      users: [{ name: 'a', user }],
      ...rest,
    };
    await writeFile(file, JSON.stringify(document));
    const { connection, problems = [] } = await findConnection({ KUBECONFIG: file });
    return { folder, file, connection, problems: problems.map((line) => line.replaceAll(file, 'FILE')) };
  }

  it('leads to the server of its current context, with the token that stands there', async (context) => {
    const { connection, file } = await read(context, {}, { token: 'a-token' });
    expect(connection).toMatchObject({ server: 'https://10.0.0.1:6443', namespace: 'shop', source: file });
    expect((await connection?.token())?.reveal()).toBe('a-token');
    expect(await connection?.trust()).toEqual({});
  });

  it('may name files, relative to its own folder, and hold certificates', async (context) => {
    const { authority: ca, server } = await certificatesOr(context);
    const folder = await folderOf(context);
    await mkdir(join(folder, 'pki'));
    await writeFile(join(folder, 'pki', 'ca.crt'), ca);
    await writeFile(join(folder, 'pki', 'user.key'), server.key);
    await writeFile(join(folder, 'token'), 'of-a-file\n');
    const file = join(folder, 'config');
    const data = (text: string) => Buffer.from(text).toString('base64');
    await writeFile(
      file,
      JSON.stringify({
        'current-context': 'here',
        contexts: [{ name: 'here', context: { cluster: 'a', user: 'a' } }],
        clusters: [
          {
            name: 'a',
            cluster: {
              server: 'https://k8s',
              'certificate-authority': 'pki/ca.crt',
              'tls-server-name': 'kubernetes',
            },
          },
        ],
        users: [
          {
            name: 'a',
            user: {
              'client-certificate-data': data(server.cert),
              'client-key': 'pki/user.key',
              token: 'no',
              tokenFile: 'token',
            },
          },
        ],
      }),
    );
    const { connection } = await findConnection({ KUBECONFIG: file });
    expect(connection?.namespace).toBe('default');
    expect(await connection?.trust()).toEqual({ ca, ...server, servername: 'kubernetes' });
    expect(connection?.files).toEqual([join(folder, 'pki', 'ca.crt'), join(folder, 'pki', 'user.key')]);
    expect((await connection?.token())?.reveal()).toBe('of-a-file');
  });

  it.for<[string, object, object, RegExp]>([
    [
      'a program that logs in',
      {},
      { exec: { command: 'aws' } },
      /^FILE: the user logs in by a program \(exec\)/,
    ],
    [
      'an auth-provider',
      {},
      { 'auth-provider': { name: 'gcp' } },
      /^FILE: the user logs in by an auth-provider/,
    ],
    ['a password', {}, { username: 'admin', password: 'x' }, /^FILE: the user logs in by a password/],
    ['acting as somebody else', {}, { token: 'x', as: 'root' }, /^FILE: the user acts as somebody else/],
    ['half a client certificate', {}, { 'client-certificate': 'a.crt' }, /^FILE: the user needs both/],
    [
      'no look at the certificate',
      { 'insecure-skip-tls-verify': true },
      {},
      /^FILE: insecure-skip-tls-verify is refused/,
    ],
    [
      'plain HTTP to another host',
      { server: 'http://10.0.0.1' },
      {},
      /^FILE: the server of the cluster must be https/,
    ],
    ['no server', { server: '' }, {}, /^FILE: the server of the cluster must be a URL/],
    ['a proxy', { 'proxy-url': 'http://proxy:3128' }, {}, /^FILE: proxy-url is not supported/],
    [
      'an authority that is none',
      { 'certificate-authority-data': 'YQ==' },
      {},
      /certificate-authority of FILE holds no certificate/,
    ],
    ['a file that is not there', {}, { tokenFile: 'nowhere' }, /nowhere cannot be read \(ENOENT\)/],
  ])('with %s is refused', async ([, cluster, user, expected], context) => {
    const { problems } = await read(context, cluster, user);
    expect(problems).toEqual([expect.stringMatching(expected)]);
  });

  it.for<[string, object, RegExp]>([
    ['no current context', { 'current-context': '' }, /FILE has no current-context$/],
    ['another one', { 'current-context': 'x' }, /FILE has no entry "x" in contexts$/],
    ['a context without its cluster', { 'current-context': 'there' }, /FILE has no entry "b" in clusters$/],
    ['no users', { users: undefined }, /FILE has no entry "a" in users$/],
  ])('with %s is refused', async ([, rest, expected], context) => {
    const { problems } = await read(context, {}, {}, rest);
    expect(problems).toEqual([expect.stringMatching(expected)]);
  });

  it('may speak plain HTTP to loopback, as kubectl proxy does', async (context) => {
    const { connection } = await read(context, { server: 'http://127.0.0.1:8001' }, {});
    expect(connection?.server).toBe('http://127.0.0.1:8001');
    expect(await connection?.token()).toBeUndefined();
  });

  it('may stand in a list of which the rest is empty, or itself again', async (context) => {
    const { file } = await read(context, {}, { token: 'x' });
    for (const KUBECONFIG of [`${file}:`, `:${file}`, `${file}::${file}`]) {
      expect((await findConnection({ KUBECONFIG })).connection?.source).toBe(file);
    }
    expect((await findConnection({ KUBECONFIG: ':' })).problems).toEqual([
      expect.stringMatching(/KUBECONFIG names no file/),
    ]);
  });

  it('that is no YAML, not there or one of several is said, and not quoted', async (context) => {
    const folder = await folderOf(context);
    const file = join(folder, 'config');
    await writeFile(file, 'token: "of nobody\n : [');
    const problemsOf = async (KUBECONFIG: string) => (await findConnection({ KUBECONFIG })).problems;
    expect(await problemsOf(file)).toEqual([`the API server cannot be asked: ${file} is no YAML`]);
    expect(await problemsOf(`${file}.old`)).toEqual([expect.stringMatching(/cannot be read \(ENOENT\)$/)]);
    expect(await problemsOf(`${file}:${file}.old`)).toEqual([
      expect.stringMatching(/^KUBECONFIG names several files/),
    ]);
  });
});
