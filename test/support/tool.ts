import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'vitest';

/**
 * Runs a tool of this machine with that standard input.
 * The test ends here, saying why, where the tool is not to be had.
 */
export async function runTool(
  ctx: TestContext,
  tool: string,
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(tool, args, { stdio: 'pipe' });
  const parts: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part));
  // It need not read it.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  try {
    const [code] = await once(child, 'close');
    return { code, output: Buffer.concat(parts).toString() };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    process.stdout.write(`${tool} is not installed, so “${ctx.task.name}” is left out\n`);
    return ctx.skip(`${tool} is not installed`);
  }
}
