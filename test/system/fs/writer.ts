import { writeAtomically } from '../../../src/system/fs/atomic-write.ts';

/**
 * A program: writes a file and ends, or writes it for ever.
 *   once PATH CONTENT MODE GID   says `written`, or the code of the error
 *   loop PATH LETTER             says a word after the first write
 */
const [command, path = '', content = '', mode = '0640', gid] = process.argv.slice(2);
const attributes = { mode: Number.parseInt(mode, 8), ...(gid !== undefined && { gid: Number(gid) }) };

if (command === 'once') {
  const result = await writeAtomically(path, content, attributes).then(
    () => 'written',
    (error: NodeJS.ErrnoException) => error.code ?? String(error),
  );
  process.stdout.write(result);
} else {
  await writeAtomically(path, content.repeat(20_000), attributes);
  process.stdout.write('first\n');
  for (;;) await writeAtomically(path, content.repeat(20_000), attributes);
}
