import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Caller } from './rights.ts';
import { unauthorized } from './status.ts';

/** Who may present themselves with what. */
export interface Callers {
  readonly adminToken: string;
  /** A token for a service account. */
  issue(namespace: string, account: string): string;
  /** From now on no token of that account is accepted. */
  revoke(namespace: string, account: string): void;
  /** @throws {Refusal} 401 for a token that nobody knows; who has none is nobody in particular */
  of(request: IncomingMessage): Caller;
  /** The user of a request; empty where nobody knows the token. */
  nameOf(request: IncomingMessage): string;
}

const ANONYMOUS: Caller = { user: 'system:anonymous', isAdmin: false };

export function createCallers(): Callers {
  const users = new Map<string, string>();
  const adminToken = 'token-of-the-administrator-of-this-imitation';
  let issued = 0;

  return {
    adminToken,
    issue(namespace, account) {
      issued += 1;
      const token = `token-${issued}-of-${namespace}-${account}`;
      users.set(token, `system:serviceaccount:${namespace}:${account}`);
      return token;
    },
    revoke(namespace, account) {
      for (const [token, user] of users) {
        if (user === `system:serviceaccount:${namespace}:${account}`) users.delete(token);
      }
    },
    of,
    nameOf(request) {
      try {
        return of(request).user;
      } catch {
        return '';
      }
    },
  };

  function of({ socket, headers: { authorization } }: IncomingMessage): Caller {
    // A certificate goes before a token, whatever that is.
    const { subject } = socket instanceof TLSSocket ? socket.getPeerCertificate() : {};
    if (subject && socket instanceof TLSSocket && socket.authorized) {
      return { user: String(subject.CN), isAdmin: true };
    }
    if (authorization === undefined) return ANONYMOUS;
    const token = authorization.replace(/^Bearer /, '');
    if (token === adminToken) return { user: 'admin', isAdmin: true };
    const user = users.get(token);
    if (user === undefined) throw unauthorized();
    return { user, isAdmin: false };
  }
}
