import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soak } from './soak.ts';
import { judge } from './verdict.ts';

/** `SECONDS=N SEED=N`: hours of rotations in minutes, on the built program. Ends with 1 when something is not as promised. */
async function main(): Promise<number> {
  const seconds = wholeNumber('SECONDS', 600);
  const seed = wholeNumber('SEED', 1);
  const undo: (() => Promise<void>)[] = [];
  try {
    const result = await soak(seconds, seed, (step) => undo.push(step));
    const { lines, broken } = judge(result);
    const verdict = broken.length === 0 ? 'ok' : `NOT OK: ${broken.join('; ')}`;
    process.stdout.write(`soak, seed ${seed}\n\n${lines.join('\n')}\n\n${verdict}\n`);
    if (broken.length === 0) return 0;
    const log = join(tmpdir(), `wx-soak-${process.pid}.log`);
    await writeFile(log, result.log);
    process.stdout.write(`what the daemon said is in ${log}\n`);
    return 1;
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** @throws {Error} for what is no number from 1 on */
function wholeNumber(name: string, preset: number): number {
  const text = process.env[name] || String(preset);
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`${name} must be a whole number from 1 on`);
  return Number(text);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`soak: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 2;
  },
);
