import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import type { Text } from '../../src/core/text.ts';
import { findConnection } from '../../src/kubernetes/connection.ts';
import { expectChinese } from '../config/told.ts';
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

/** In English, after a look at their Chinese. */
function inEnglish(problems: readonly Text[] = []): string[] {
  for (const problem of problems) expectChinese(problem);
  return problems.map(({ en }) => en);
}

describe('connection in a pod', () => {
  const ENVIRONMENT = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

  async function account(context: TestContext) {
    const folder = await folderOf(context);
    const ca = await certificateOr(context);
    await writeFile(join(folder, 'ca.crt'), ca);
    await writeFile(join(folder, 'token'), 'first-token\n');
    await writeFile(join(folder, 'namespace'), 'shop');
    return { folder, ca };
  }

  it('a pod finds the API server with the token and CA of its service account', async (context) => {
    const { folder, ca } = await account(context);
    const { connection } = await findConnection(ENVIRONMENT, folder);
    expect(connection).toMatchObject({ server: 'https://10.96.0.1:443', namespace: 'shop' });
    expect(await connection?.trust()).toEqual({ ca });
    expect((await connection?.token())?.reveal()).toBe('first-token');
  });

  it('an IPv6 address of the API server is put in brackets', async (context) => {
    const { folder } = await account(context);
    const { connection } = await findConnection(
      { ...ENVIRONMENT, KUBERNETES_SERVICE_HOST: 'fd00::1' },
      folder,
    );
    expect(connection?.server).toBe('https://[fd00::1]:443');
  });

  it('a replaced token or CA file is used at once', async (context) => {
    const { folder, ca } = await account(context);
    const { connection } = await findConnection(ENVIRONMENT, folder);
    await writeFile(join(folder, 'token'), 'second-token');
    await writeFile(join(folder, 'ca.crt'), ca + ca);
    expect((await connection?.token())?.reveal()).toBe('second-token');
    expect(await connection?.trust()).toEqual({ ca: ca + ca });
  });

  it('an empty or multi-line token file is refused without quoting it', async (context) => {
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

  it('a missing service account token is reported with the setting that mounts it', async (context) => {
    const folder = await folderOf(context);
    const { problems } = await findConnection(ENVIRONMENT, folder);
    expect(inEnglish(problems)).toEqual([
      expect.stringMatching(/ENOENT.*automountServiceAccountToken: true/),
    ]);
  });

  it('a CA file without a certificate is reported', async (context) => {
    const { folder } = await account(context);
    await writeFile(join(folder, 'ca.crt'), 'garbage');
    const { problems } = await findConnection(ENVIRONMENT, folder);
    expect(inEnglish(problems)).toEqual([
      `the API server cannot be asked: ${folder}/ca.crt holds no certificate in PEM`,
    ]);
  });
});

describe('connection outside a pod', () => {
  it('no cluster is found when KUBECONFIG names no file', async () => {
    const { problems } = await findConnection({});
    expect(inEnglish(problems)).toEqual([
      expect.stringMatching(/KUBERNETES_SERVICE_HOST is not set.*KUBECONFIG names no file/),
    ]);
  });
});

describe('kubeconfig files', () => {
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
    return {
      folder,
      file,
      connection,
      problems: inEnglish(problems).map((line) => line.replaceAll(file, 'FILE')),
    };
  }

  it('the current context of a kubeconfig gives the server, namespace and token', async (context) => {
    const { connection, file } = await read(context, {}, { token: 'a-token' });
    expect(connection).toMatchObject({
      server: 'https://10.0.0.1:6443',
      namespace: 'shop',
      source: { en: file, zh: file },
    });
    expect((await connection?.token())?.reveal()).toBe('a-token');
    expect(await connection?.trust()).toEqual({});
  });

  it('a kubeconfig may name files relative to its folder and hold certificates inline', async (context) => {
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
    ['a login program', {}, { exec: { command: 'aws' } }, /^FILE: the user logs in by a program \(exec\)/],
    [
      'an auth-provider',
      {},
      { 'auth-provider': { name: 'gcp' } },
      /^FILE: the user logs in by an auth-provider/,
    ],
    ['a password', {}, { username: 'admin', password: 'x' }, /^FILE: the user logs in by a password/],
    [
      'impersonation of another user',
      {},
      { token: 'x', as: 'root' },
      /^FILE: the user acts as somebody else/,
    ],
    ['a client certificate but no key', {}, { 'client-certificate': 'a.crt' }, /^FILE: the user needs both/],
    [
      'insecure-skip-tls-verify',
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
      'an authority that is no certificate',
      { 'certificate-authority-data': 'YQ==' },
      {},
      /certificate-authority of FILE holds no certificate/,
    ],
    ['a token file that does not exist', {}, { tokenFile: 'nowhere' }, /nowhere cannot be read \(ENOENT\)/],
  ])('a kubeconfig with %s is refused', async ([, cluster, user, expected], context) => {
    const { problems } = await read(context, cluster, user);
    expect(problems).toEqual([expect.stringMatching(expected)]);
  });

  it.for<[string, object, RegExp]>([
    ['no current context', { 'current-context': '' }, /FILE has no current-context$/],
    [
      'a current context that does not exist',
      { 'current-context': 'x' },
      /FILE has no entry "x" in contexts$/,
    ],
    [
      'a context whose cluster is missing',
      { 'current-context': 'there' },
      /FILE has no entry "b" in clusters$/,
    ],
    ['no users', { users: undefined }, /FILE has no entry "a" in users$/],
  ])('a kubeconfig with %s is refused as incomplete', async ([, rest, expected], context) => {
    const { problems } = await read(context, {}, {}, rest);
    expect(problems).toEqual([expect.stringMatching(expected)]);
  });

  it('a kubeconfig may use plain HTTP to loopback, as kubectl proxy does', async (context) => {
    const { connection } = await read(context, { server: 'http://127.0.0.1:8001' }, {});
    expect(connection?.server).toBe('http://127.0.0.1:8001');
    expect(await connection?.token()).toBeUndefined();
  });

  it('KUBECONFIG may list one file beside empty entries or repeat it', async (context) => {
    const { file } = await read(context, {}, { token: 'x' });
    for (const KUBECONFIG of [`${file}:`, `:${file}`, `${file}::${file}`]) {
      expect((await findConnection({ KUBECONFIG })).connection?.source.en).toBe(file);
    }
    expect(inEnglish((await findConnection({ KUBECONFIG: ':' })).problems)).toEqual([
      expect.stringMatching(/KUBECONFIG names no file/),
    ]);
  });

  it('an invalid or missing kubeconfig or a list of several is reported without quoting', async (context) => {
    const folder = await folderOf(context);
    const file = join(folder, 'config');
    await writeFile(file, 'token: "of nobody\n : [');
    const problemsOf = async (KUBECONFIG: string) =>
      inEnglish((await findConnection({ KUBECONFIG })).problems);
    expect(await problemsOf(file)).toEqual([`the API server cannot be asked: ${file} is no YAML`]);
    expect(await problemsOf(`${file}.old`)).toEqual([expect.stringMatching(/cannot be read \(ENOENT\)$/)]);
    expect(await problemsOf(`${file}:${file}.old`)).toEqual([
      expect.stringMatching(/^KUBECONFIG names several files/),
    ]);
  });
});
