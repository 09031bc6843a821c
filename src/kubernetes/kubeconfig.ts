import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { failureOf, textsOf } from '../core/failure.ts';
import { en, type Text, verbatim, zh } from '../core/text.ts';
import type { Connection, FoundConnection, Trust } from './connection-types.ts';
import {
  partOf,
  readAuthorities,
  readCredentialFile,
  readIdentity,
  readToken,
  unusableCredentials,
} from './credential-files.ts';

/**
 * Connects as the current context of a kubeconfig says. The kubeconfig is read once; the files that it names are
 * read again each time. Never rejects.
 */
export async function kubeconfigConnection(file: string): Promise<FoundConnection> {
  try {
    const { cluster, user, namespace } = chosenContext(parseYaml(await readCredentialFile(file), file), file);
    const problems = [...clusterProblems(cluster), ...userProblems(user)];
    if (problems.length > 0) {
      return {
        problems: problems.map((problem) => ({ en: en`${file}: ${problem}`, zh: zh`${file}：${problem}` })),
      };
    }
    const connection = connect(file, cluster, user, namespace);
    await Promise.all([connection.trust(), connection.token()]);
    return { connection };
  } catch (error) {
    return { problems: [textsOf(failureOf(error, 'unsent')).message] };
  }
}

function connect(file: string, cluster: Section, user: Section, namespace: string): Connection {
  /** Returns the content of a key: that of its `-data` variant, otherwise that of the file that the key names. */
  async function pem(section: Section, key: string): Promise<string | undefined> {
    const data = section[`${key}-data`];
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    const path = pathIn(section, key);
    return path === undefined ? undefined : readCredentialFile(path);
  }

  function pathIn(section: Section, key: string): string | undefined {
    const path = section[`${key}-data`] === undefined ? section[key] : undefined;
    return path === undefined ? undefined : resolve(dirname(file), path);
  }

  async function trust(): Promise<Trust> {
    const ca = await pem(cluster, 'certificate-authority');
    const cert = await pem(user, 'client-certificate');
    const key = await pem(user, 'client-key');
    const servername = cluster['tls-server-name'];
    return {
      ...(ca !== undefined && { ca: readAuthorities(ca, partOf('certificate-authority', file)) }),
      ...(cert !== undefined && key !== undefined && readIdentity({ cert, key }, file)),
      ...(servername !== undefined && { servername }),
    };
  }

  async function token() {
    const { token: text, tokenFile } = user;
    // As in kubectl, the file takes precedence over the token in the kubeconfig.
    if (tokenFile !== undefined) {
      const path = resolve(dirname(file), tokenFile);
      return readToken(await readCredentialFile(path), verbatim(path));
    }
    return text === undefined ? undefined : readToken(text, partOf('token', file));
  }

  const server = (cluster['server'] ?? '').replace(/\/+$/, '');
  const files = [
    pathIn(cluster, 'certificate-authority'),
    pathIn(user, 'client-certificate'),
    pathIn(user, 'client-key'),
  ].filter((path) => path !== undefined);
  return { server, source: verbatim(file), namespace, files, trust, token };
}

/** Parses YAML. The parser's messages are dropped, because they may quote the text, which contains tokens. */
function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text, { logLevel: 'error' });
  } catch {
    throw unusableCredentials({ en: `${file} is no YAML`, zh: `${file} 不是 YAML` });
  }
}

/** The keys of a cluster or user with their scalar values; `…` stands for any other value. */
export type Section = Readonly<Record<string, string>>;

interface Chosen {
  readonly cluster: Section;
  readonly user: Section;
  readonly namespace: string;
}

/**
 * Finds cluster and user of the current context.
 * @throws {EdgeError} `kube-credentials` when the current context does not lead to both
 */
function chosenContext(document: unknown, file: string): Chosen {
  const current = scalarsOf(document)['current-context'];
  if (!current) {
    throw unusableCredentials({
      en: `${file} has no current-context`,
      zh: `${file} 里没有 current-context`,
    });
  }
  const context = entryOf(document, 'contexts', 'context', current, file);
  const { cluster, user, namespace = 'default' } = context;
  return {
    cluster: entryOf(document, 'clusters', 'cluster', cluster ?? '', file),
    user: entryOf(document, 'users', 'user', user ?? '', file),
    namespace,
  };
}

function entryOf(document: unknown, list: string, key: string, name: string, file: string): Section {
  const entries = fieldOf(document, list);
  const found = Array.isArray(entries)
    ? entries.find((entry: unknown) => fieldOf(entry, 'name') === name)
    : undefined;
  if (!found) {
    const shown = JSON.stringify(name);
    throw unusableCredentials({
      en: `${file} has no entry ${shown} in ${list}`,
      zh: `${file} 的 ${list} 里没有 ${shown}`,
    });
  }
  return scalarsOf(fieldOf(found, key));
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

/** Drops empty values, which mean nothing, as in Go; a value that is no scalar counts as present. */
function scalarsOf(value: unknown): Section {
  if (typeof value !== 'object' || value === null) return {};
  const said = Object.entries(value).filter(([, each]) => each !== undefined && each !== null && each !== '');
  return Object.fromEntries(said.map(([key, each]) => [key, typeof each === 'object' ? '…' : String(each)]));
}

const TOKEN_INSTEAD: Text = {
  en: 'use a token, a tokenFile or a client certificate',
  zh: '改用 token、tokenFile 或客户端证书',
};

/** Logins that this program does not support: ignoring them would mean acting as another user. */
const UNSUPPORTED_LOGINS: Readonly<Record<string, Text>> = {
  exec: {
    en: en`the user logs in by a program (exec), which a daemon cannot run everywhere: ${TOKEN_INSTEAD}`,
    zh: zh`用户通过程序登录（exec），守护进程不是到处都能运行它：${TOKEN_INSTEAD}`,
  },
  'auth-provider': {
    en: en`the user logs in by an auth-provider, which Kubernetes has given up: ${TOKEN_INSTEAD}`,
    zh: zh`用户通过 auth-provider 登录，Kubernetes 已不再支持：${TOKEN_INSTEAD}`,
  },
  username: {
    en: en`the user logs in by a password, which Kubernetes has given up: ${TOKEN_INSTEAD}`,
    zh: zh`用户通过密码登录，Kubernetes 已不再支持：${TOKEN_INSTEAD}`,
  },
  as: {
    en: 'the user acts as somebody else (as): name that one as the user',
    zh: '用户以别人的身份操作（as）：直接把那个人写成用户',
  },
};

const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|\[::1\])$/;

/** Lists what makes a cluster unusable, a line each. */
function clusterProblems(cluster: Section): Text[] {
  const { server = '' } = cluster;
  const problems: Text[] = [];
  if (!URL.canParse(server) || !/^https?:/.test(server)) {
    problems.push({
      en: 'the server of the cluster must be a URL like https://10.96.0.1',
      zh: '集群的 server 必须是 URL，如 https://10.96.0.1',
    });
  } else if (server.startsWith('http:') && !LOOPBACK.test(new URL(server).hostname)) {
    problems.push({
      en: 'the server of the cluster must be https, or http to loopback only: tokens travel there',
      zh: '集群的 server 必须是 https，只有回环地址可以用 http：token 会发往那里',
    });
  }
  if (cluster['insecure-skip-tls-verify'] === 'true') {
    problems.push({
      en: 'insecure-skip-tls-verify is refused: anybody in between could take the tokens; name the certificate-authority',
      zh: '不接受 insecure-skip-tls-verify：中间的任何人都能取走 token；请写明 certificate-authority',
    });
  }
  if (cluster['proxy-url'] !== undefined) {
    problems.push({
      en: 'proxy-url is not supported: the API server is asked directly',
      zh: '不支持 proxy-url：API server 总是直接访问',
    });
  }
  return problems;
}

/** Lists what makes a user unusable, a line each. */
function userProblems(user: Section): Text[] {
  const problems = Object.entries(UNSUPPORTED_LOGINS).flatMap(([key, problem]) =>
    user[key] === undefined ? [] : [problem],
  );
  const hasCertificate = has(user, 'client-certificate');
  if (hasCertificate !== has(user, 'client-key')) {
    problems.push({
      en: 'the user needs both client-certificate and client-key, or neither',
      zh: '用户的 client-certificate 和 client-key 要么都有，要么都没有',
    });
  }
  return problems;
}

function has(user: Section, key: string): boolean {
  return user[key] !== undefined || user[`${key}-data`] !== undefined;
}
