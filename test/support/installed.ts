import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BUILT_PROGRAM } from './program.ts';

/**
 * Makes the built program a command in `FOLDER/bin`, as an installation does.
 * @returns the environment in which shells find it before any other
 */
export async function installed(folder: string) {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const command = join(bin, 'wx-token-sidecar');
  await writeFile(command, `#!/bin/sh\nexec '${process.execPath}' '${BUILT_PROGRAM}' "$@"\n`);
  await chmod(command, 0o755);
  return { PATH: `${bin}:${process.env['PATH']}`, HOME: folder };
}
