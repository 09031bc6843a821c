import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import { makeCertificates } from '../../providers/certificates.ts';
import { BUILT_PROGRAM, type Environment, type Program, startProcess } from '../program.ts';
import { isMissing, missing, needsTool, type Tool } from '../tools.ts';

const NAMESPACE = fileURLToPath(new URL('namespace.sh', import.meta.url));
/** Whatever runs inside ends with its first process. */
const CONTAINER = ['--net', '--mount', '--mount-proc', '--pid', '--fork', '--kill-child'] as const;

export interface SlowLink {
  /** Addresses by name, one a line, as in /etc/hosts: 10.9.0.2 and fd09::2 answer, the rest of their networks is silent. */
  readonly hosts: readonly string[];
  /** Round trip in seconds. */
  readonly roundTrip: number;
  /** The configuration, with the folder for its files: it holds `secret`, `ca.pem` and `kubeconfig`. */
  readonly config: (folder: string) => object;
  readonly env?: Environment;
}

/** The built program at the near end of a slow link. */
export interface Far {
  readonly program: Program;
  /** What arrived at the far end, a line each. */
  readonly asked: () => Promise<readonly string[]>;
  /** What a file of the folder holds; empty if there is none. */
  readonly read: (name: string) => Promise<string>;
}

/** Skips the test where this machine lets nobody make namespaces with a TUN device. */
async function needsNamespaces(skip: TestContext['skip']): Promise<void> {
  for (const tool of ['unshare', 'mount', 'ip', 'python3', 'bash'] satisfies Tool[])
    await needsTool(skip, tool);
  const script = 'ip link set lo up && ip tuntap add tun9 mode tun && ip -6 addr add fd09::1/64 dev tun9';
  const { status, error } = spawnSync('unshare', [...CONTAINER, 'sh', '-c', script]);
  if (status === 0) return;
  skip(error && isMissing(error) ? missing('unshare') : 'this machine lets a test make no slow link');
}

/** Starts the built program at the near end of a slow link. It is killed at the end at the latest. */
export async function startOverSlowLink(
  { skip, onTestFinished }: TestContext,
  args: readonly string[],
  { hosts, roundTrip, config, env = {} }: SlowLink,
): Promise<Far> {
  await needsNamespaces(skip);
  const made = await makeCertificates();
  if (typeof made === 'string') return skip(made);
  const folder = await mkdtemp(join(tmpdir(), 'wx-slow-link-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const write = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  await write('hosts', `127.0.0.1 localhost\n${hosts.join('\n')}\n`);
  await write('resolv.conf', 'nameserver 127.0.0.1\n');
  await write('ca.pem', made.authority);
  await write('secret', '0'.repeat(32));
  await write('kubeconfig', kubeconfig(join(folder, 'ca.pem')));
  await write('config.json', JSON.stringify(config(folder)));
  const inside = [NAMESPACE, folder, String(roundTrip / 2), process.execPath, BUILT_PROGRAM, ...args];
  const trust = { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'), KUBECONFIG: join(folder, 'kubeconfig') };
  const program = startProcess(
    'unshare',
    [...CONTAINER, ...inside, '--config', join(folder, 'config.json')],
    { env: { KEY: made.server.key, CERT: made.server.cert, ...trust, ...env } },
    onTestFinished,
  );
  const read = (name: string) => readFile(join(folder, name), 'utf8').catch(() => '');
  return {
    ...{ program, read },
    asked: async () => (await read('asked')).split('\n').filter((line) => line !== '' && line !== 'ready'),
  };
}

/** Names an API server at kube.wx.test. */
function kubeconfig(ca: string): string {
  const cluster = { server: 'https://kube.wx.test', 'certificate-authority': ca };
  return JSON.stringify({
    'current-context': 'far',
    contexts: [{ name: 'far', context: { cluster: 'far', user: 'far', namespace: 'shop' } }],
    clusters: [{ name: 'far', cluster }],
    users: [{ name: 'far', user: { token: 'any' } }],
  });
}
