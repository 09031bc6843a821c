import { en, type Text, zh } from '../../core/text.ts';
import { access, constants, stat } from '../fs/files.ts';

const ADVICE: Readonly<Record<string, Text>> = {
  ENOENT: {
    en: 'is not there: see that it is in the image of the sidecar, not only in that of the app',
    zh: '不存在：确认它在 sidecar 的镜像里，而不只在应用的镜像里',
  },
  ENOTDIR: {
    en: 'is not there: a part of its path is a file',
    zh: '不存在：路径的一部分是文件',
  },
  EACCES: {
    en: 'may not be executed: chmod a+x, let the daemon through its folders, and mount no volume of it noexec',
    zh: '不可执行：chmod a+x，让守护进程能进入它所在的各级目录，所在的卷也不要以 noexec 挂载',
  },
};

/**
 * Explains why a program could not be started; undefined when no obstacle is found. It examines the file and starts
 * nothing.
 */
export async function programProblem(path: string): Promise<Text | undefined> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) {
      return { en: `${path} is a folder, not a program`, zh: `${path} 是目录，不是程序` };
    }
    if (!found.isFile()) {
      return {
        en: `${path} is not a regular file, so it is no program`,
        zh: `${path} 不是普通文件，因此不是程序`,
      };
    }
    await access(path, constants.X_OK);
    return undefined;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const why = ADVICE[code] ?? { en: `cannot be looked at: ${message}`, zh: `无法查看：${message}` };
    return { en: en`${path} ${why}`, zh: zh`${path} ${why}` };
  }
}
