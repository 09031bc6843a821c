import type { Section } from './kubeconfig-context.ts';

const TOKEN_INSTEAD = 'use a token, a tokenFile or a client certificate';

/** Ways to log in that this program does not know: going on without them would be going on as somebody else. */
const UNKNOWN_LOGINS: Readonly<Record<string, string>> = {
  exec: `the user logs in by a program (exec), which a daemon cannot run everywhere: ${TOKEN_INSTEAD}`,
  'auth-provider': `the user logs in by an auth-provider, which Kubernetes has given up: ${TOKEN_INSTEAD}`,
  username: `the user logs in by a password, which Kubernetes has given up: ${TOKEN_INSTEAD}`,
  as: 'the user acts as somebody else (as): name that one as the user',
};

const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|\[::1\])$/;

/** What stands in the way of asking a cluster, a line each. */
export function clusterProblems(cluster: Section): string[] {
  const { server = '' } = cluster;
  const problems: string[] = [];
  if (!URL.canParse(server) || !/^https?:/.test(server)) {
    problems.push('the server of the cluster must be a URL like https://10.96.0.1');
  } else if (server.startsWith('http:') && !LOOPBACK.test(new URL(server).hostname)) {
    problems.push('the server of the cluster must be https, or http to loopback only: tokens travel there');
  }
  if (cluster['insecure-skip-tls-verify'] === 'true') {
    problems.push(
      'insecure-skip-tls-verify is refused: anybody in between could take the tokens; name the certificate-authority',
    );
  }
  if (cluster['proxy-url'] !== undefined) {
    problems.push('proxy-url is not supported: the API server is asked directly');
  }
  return problems;
}

export function userProblems(user: Section): string[] {
  const problems = Object.entries(UNKNOWN_LOGINS).flatMap(([key, problem]) =>
    user[key] === undefined ? [] : [problem],
  );
  const hasCertificate = has(user, 'client-certificate');
  if (hasCertificate !== has(user, 'client-key')) {
    problems.push('the user needs both client-certificate and client-key, or neither');
  }
  return problems;
}

function has(user: Section, key: string): boolean {
  return user[key] !== undefined || user[`${key}-data`] !== undefined;
}
