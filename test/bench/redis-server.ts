import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { startProgram } from './node.ts';
import type { Surroundings } from './row.ts';
import { scratch } from './scratch.ts';

/** A redis-server that keeps nothing on a disk and listens on a Unix socket alone. */
export interface BenchRedis {
  readonly socket: string;
}

/** @returns undefined where Redis is not installed */
export async function startRedis(surroundings: Surroundings): Promise<BenchRedis | undefined> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
  const folder = await scratch(surroundings);
  const socket = join(folder, 'redis.sock');
  const flags = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder];
  const redis = startProgram('redis-server', flags, surroundings);
  await redis.line(/ready to accept connections/i);
  return { socket };
}
