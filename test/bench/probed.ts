import { once } from 'node:events';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type NodeOptions, type NodeProcess, startNode } from './node.ts';

/** Seen from the bundle. */
const PROBE = fileURLToPath(new URL('../test/bench/probe.mjs', import.meta.url));

/** A program with a probe in it. */
export interface Probed extends NodeProcess {
  ask(question: 'held'): Promise<{ readonly held: number; readonly resident: number }>;
  ask(question: 'count' | 'watch'): Promise<unknown>;
  ask(question: 'busy'): Promise<{ readonly active: number; readonly longest: number }>;
}

export function startProbed(args: readonly string[], options: Omit<NodeOptions, 'ipc'>): Probed {
  const flags = ['--expose-gc', `--import=${pathToFileURL(PROBE).href}`];
  const node = startNode([...flags, ...args], { ...options, ipc: true });
  return {
    ...node,
    async ask(question: string) {
      const answer = once(node.child, 'message');
      node.child.send(question);
      return (await Promise.race([answer, node.failed]))[0];
    },
  };
}
