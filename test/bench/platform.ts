import { TEST_APP, TEST_SECRET } from './account.ts';
import { type NodeOptions, type NodeProcess, PROGRAM, startNode } from './node.ts';

export interface PlatformProcess extends Pick<NodeProcess, 'pid'> {
  readonly url: string;
}

/** The sandbox in a process of its own, so that what it costs is not counted as ours. */
export async function startPlatform(
  options: Pick<NodeOptions, 'atEnd'>,
  args: readonly string[] = [],
): Promise<PlatformProcess> {
  const all = args.includes('--account') ? args : ['--account', `${TEST_APP}:${TEST_SECRET}`, ...args];
  const platform = startNode([PROGRAM, 'sandbox', '--listen', '127.0.0.1:0', ...all], options);
  const [url] = await platform.line(/http:\/\/127\.0\.0\.1:\d+/);
  return { pid: platform.pid, url };
}
