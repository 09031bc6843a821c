import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { failureOf } from '../core/failure.ts';
import type { Connection, FoundConnection, Trust } from './connection.ts';
import {
  readAuthorities,
  readCredentialFile,
  readIdentity,
  readToken,
  unusable,
} from './credential-files.ts';
import { chosenContext, type Section } from './kubeconfig-context.ts';
import { clusterProblems, userProblems } from './kubeconfig-problems.ts';

/** As the current context of a kubeconfig says, which is read once; files that it names are read anew each time. */
export async function kubeconfigConnection(file: string): Promise<FoundConnection> {
  try {
    const { cluster, user, namespace } = chosenContext(parseYaml(await readCredentialFile(file), file), file);
    const problems = [...clusterProblems(cluster), ...userProblems(user)];
    if (problems.length > 0) return { problems: problems.map((problem) => `${file}: ${problem}`) };
    const connection = connect(file, cluster, user, namespace);
    await Promise.all([connection.trust(), connection.token()]);
    return { connection };
  } catch (error) {
    return { problems: [failureOf(error, 'unsent').message] };
  }
}

function connect(file: string, cluster: Section, user: Section, namespace: string): Connection {
  /** What a key with `-data` holds, or the file that the key without it names. */
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
      ...(ca !== undefined && { ca: readAuthorities(ca, `certificate-authority of ${file}`) }),
      ...(cert !== undefined && key !== undefined && readIdentity({ cert, key }, file)),
      ...(servername !== undefined && { servername }),
    };
  }

  async function token() {
    const { token: text, tokenFile } = user;
    // As kubectl does: the file counts before what stands beside it.
    if (tokenFile !== undefined) {
      const path = resolve(dirname(file), tokenFile);
      return readToken(await readCredentialFile(path), path);
    }
    return text === undefined ? undefined : readToken(text, `token of ${file}`);
  }

  const server = (cluster['server'] ?? '').replace(/\/+$/, '');
  const files = [
    pathIn(cluster, 'certificate-authority'),
    pathIn(user, 'client-certificate'),
    pathIn(user, 'client-key'),
  ].filter((path) => path !== undefined);
  return { server, source: file, namespace, files, trust, token };
}

/** What a parser says of a text may quote it, and tokens stand in it. */
function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text, { logLevel: 'error' });
  } catch {
    throw unusable(`${file} is no YAML`);
  }
}
