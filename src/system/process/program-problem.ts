import { access, constants, stat } from '../fs/files.ts';

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'is not there: see that it is in the image of the sidecar, not only in that of the app',
  ENOTDIR: 'is not there: a part of its path is a file',
  EACCES:
    'may not be executed: chmod a+x, let the daemon through its folders, and mount no volume of it noexec',
};

/**
 * Explains why a program could not be started; undefined when no obstacle is found. It examines the file and starts
 * nothing.
 */
export async function programProblem(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return `${path} is a folder, not a program`;
    if (!found.isFile()) return `${path} is not a regular file, so it is no program`;
    await access(path, constants.X_OK);
    return undefined;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return `${path} ${ADVICE[code] ?? `cannot be looked at: ${message}`}`;
  }
}
