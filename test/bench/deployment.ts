import { fileURLToPath, pathToFileURL } from 'node:url';
import { appIdOf, TEST_SECRET } from './account.ts';
import { messageOf } from './message.ts';
import { type NodeProcess, PROGRAM, startNode } from './node.ts';
import type { Surroundings } from './row.ts';

/** Worker processes of an app. */
export const WORKERS = 4;

/** Where workers have their token from; the index is that of the account. */
export const KINDS = ['file', 'server', 'sdk'] as const;
export type Kind = (typeof KINDS)[number];

export interface Deployment {
  readonly kind: Kind;
  readonly workers: readonly NodeProcess[];
  /** The workers, and what they have their token from. */
  readonly processes: readonly NodeProcess[];
}

/** Seen from the bundle. */
export const alternative = (name: string) =>
  fileURLToPath(new URL(`../test/bench/alternatives/${name}.mjs`, import.meta.url));

interface Place {
  /** Of the platform. */
  readonly url: string;
  /** Where the daemon publishes. */
  readonly file: string;
  /** Ms of played time so far. */
  readonly passed: number;
}

/** Starts everything of every kind, in played time, and waits until it can work. */
export async function deploy(
  { url, file, passed }: Place,
  surroundings: Surroundings,
): Promise<readonly Deployment[]> {
  const preload = `--import=${pathToFileURL(alternative('played-time')).href}`;
  const start = (args: readonly string[], env: Readonly<Record<string, string>>, quiet = false) =>
    startNode([preload, ...args], {
      ...surroundings,
      env: { ...env, PLAYED: String(passed), ...(quiet && { QUIET: '1' }) },
      ipc: true,
    });
  const daemon = start(
    [PROGRAM, 'run'],
    {
      WXTOKEN_APPID: appIdOf(KINDS.indexOf('file')),
      WXTOKEN_SECRET: TEST_SECRET,
      WXTOKEN_TYPE: 'access-token',
      WXTOKEN_API_BASE_URL: url,
      WXTOKEN_FILE: file,
    },
    true,
  );
  const account = (kind: Kind) => ({ URL: url, APP: appIdOf(KINDS.indexOf(kind)), SECRET: TEST_SECRET });
  const server = start([alternative('token-server')], account('server'));
  const [, address = ''] = await server.line(/on (\S+)/);
  await daemon.line(/"message":"started"/);
  await messageOf(daemon, { advance: 0 });
  const sources = { file: [daemon], server: [server], sdk: [] };
  const deployments = KINDS.map((kind) => {
    const env = { ...account(kind), KIND: kind, FILE: file, SERVER: `http://${address}/` };
    const workers = Array.from({ length: WORKERS }, () => start([alternative('worker')], env));
    return { kind, workers, processes: [...sources[kind], ...workers] };
  });
  await Promise.all(deployments.flatMap(({ workers }) => workers.map((one) => one.line(/^ready$/))));
  return deployments;
}
