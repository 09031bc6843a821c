import { isIP } from 'node:net';
import { SandboxError } from './protocol.ts';

/**
 * Resolves the address to listen on. A fake platform that is reachable from other hosts would receive their
 * secrets, so it listens on loopback only. `localhost` becomes 127.0.0.1, whatever the resolver says.
 *
 * @throws {SandboxError} SANDBOX_NOT_LOOPBACK
 */
export function loopbackAddress(host: string): string {
  if (host === 'localhost') return '127.0.0.1';
  if (host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))) return host;
  throw new SandboxError('SANDBOX_NOT_LOOPBACK', {
    en: `the sandbox listens on loopback only: ${host} is not 127.0.0.1, ::1 or localhost`,
    zh: `sandbox 只监听回环地址：${host} 不是 127.0.0.1、::1 或 localhost`,
  });
}
