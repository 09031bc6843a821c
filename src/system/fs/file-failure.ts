import { EdgeError, type Failure, failureWith, inOneLine, PASSING } from '../../core/failure.ts';
import { en, type Text, verbatim, zh } from '../../core/text.ts';
import { MINUTE } from '../../core/time.ts';

const SLOW = { ...PASSING, cap: 5 * MINUTE };

const FOREIGN_GROUP: Text = {
  en:
    'the daemon may give files only to groups that it is a member of (in Kubernetes: ' +
    'securityContext.supplementalGroups or fsGroup)',
  zh: '守护进程只能把文件设为自己所属的组（Kubernetes 里用 securityContext.supplementalGroups 或 fsGroup）',
};
const UNMAPPED_GROUP: Text = {
  en:
    'this group does not exist for the daemon, whose user namespace does not map it (rootless containers, hostUsers: ' +
    'false): name a group that is mapped (/proc/self/gid_map), or map this one',
  zh: '守护进程的 user namespace 没有映射这个组（rootless 容器、hostUsers: false）：换一个已映射的组（/proc/self/gid_map），或者映射它',
};
const FIXED_MODE: Text = {
  en: 'this file system does not let the daemon set modes: mount it with another one, or use another volume',
  zh: '该文件系统不允许守护进程设置权限：挂载时指定权限，或换一个卷',
};
const STICKY: Text = {
  en: "the folder is sticky and what lies there belongs to another user: remove it, or name a folder of the daemon's own",
  zh: '目录设了粘滞位（sticky bit），里面有其他用户的文件：移除它，或指定守护进程自己的目录',
};

/** Advice for EPERM by system call: its meaning depends on the call that failed. */
const NOT_PERMITTED: Readonly<Record<string, Text>> = {
  chown: FOREIGN_GROUP,
  fchown: FOREIGN_GROUP,
  chmod: FIXED_MODE,
  fchmod: FIXED_MODE,
  rename: STICKY,
  unlink: STICKY,
};

/** Advice for an operator, by errno. */
const ADVICE: Readonly<Record<string, Text>> = {
  EACCES: {
    en: 'give the daemon write permission on the folder (in Kubernetes: securityContext.fsGroup)',
    zh: '给守护进程该目录的写权限（Kubernetes 里用 securityContext.fsGroup）',
  },
  ENOENT: {
    en: 'its folder is gone, and the daemon could not make it again: create it for the daemon, or mount its volume',
    zh: '目录不存在了，守护进程也无法重新创建：为守护进程创建它，或挂载它的卷',
  },
  EPERM: {
    en: 'nothing may be created there (a folder set immutable, or no place for files): name another path',
    zh: '那里不能创建文件（目录设为不可变更，或者不是存放文件的地方）：换一个路径',
  },
  EROFS: {
    en: 'the volume is mounted read-only: mount it read-write in the sidecar, read-only in the app',
    zh: '该卷以只读方式挂载：sidecar 以读写方式挂载，应用以只读方式挂载',
  },
  ENOSPC: {
    en: 'the volume is full: free some space or raise its size limit',
    zh: '卷已满：释放空间，或调大卷的容量上限',
  },
  EDQUOT: { en: 'the disk quota is used up', zh: '磁盘配额已用完' },
  EBUSY: {
    en: 'the file itself is a mount (a single-file bind mount or subPath): mount the folder that holds it instead',
    zh: '文件本身是一个挂载点（单个文件的 bind mount 或 subPath）：请挂载它所在的目录',
  },
  EISDIR: {
    en: 'there is a folder at the path of the file: remove it, or name another path',
    zh: '文件的路径上有一个目录：移除它，或换一个路径',
  },
  EEXIST: {
    en: 'there is a file where the folder should be: remove it, or name another path',
    zh: '目录的位置上有一个文件：移除它，或换一个路径',
  },
  ENOTDIR: { en: 'a part of the path is a file, not a folder', zh: '路径的一部分是文件，不是目录' },
  ETIMEDOUT: {
    en: 'the volume does not answer: look at its server, or at the FUSE process, and at the network in between',
    zh: '卷没有应答：检查它的服务器或 FUSE 进程，以及中间的网络',
  },
  EMFILE: {
    en: 'the process has too many open files: raise its limit (ulimit -n)',
    zh: '进程打开的文件太多：调大上限（ulimit -n）',
  },
  ENFILE: { en: 'the machine has too many open files', zh: '机器上打开的文件太多' },
};

const NEEDS_A_PERSON = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EISDIR', 'EEXIST', 'ENOTDIR']);

/**
 * Converts a file system error about `path` into an {@link EdgeError}.
 * @returns a `passing` failure whose code is the name of the errno, with advice for known ones and effect `none`
 */
export function fileFailure(action: FileAction, path: string, error: unknown): EdgeError {
  const { code = 'unexpected', message, syscall = '' } = error as NodeJS.ErrnoException;
  const isUnmapped = code === 'EINVAL' && /^f?chown$/.test(syscall);
  const advice = isUnmapped ? UNMAPPED_GROUP : (code === 'EPERM' && NOT_PERMITTED[syscall]) || ADVICE[code];
  return new EdgeError(
    {
      class: 'passing',
      code,
      message: {
        en: en`cannot ${ACTIONS[action]} ${path}: ${advice ? code : message}`,
        zh: zh`无法${ACTIONS[action]} ${path}：${advice ? code : message}`,
      },
      ...(advice && { advice }),
      effect: 'none',
      backoff: isUnmapped || NEEDS_A_PERSON.has(code) ? SLOW : PASSING,
    },
    { cause: error },
  );
}

/** What was tried with a path, for the message. */
export type FileAction = keyof typeof ACTIONS;

const ACTIONS = {
  write: { en: 'write', zh: '写入' },
  read: { en: 'read', zh: '读取' },
  lock: { en: 'lock', zh: '锁定' },
  remove: { en: 'remove', zh: '删除' },
  'write into': { en: 'write into', zh: '写入目录' },
  'create the folder': { en: 'create the folder', zh: '创建目录' },
  'use the state folder': { en: 'use the state folder', zh: '使用状态目录' },
} as const satisfies Readonly<Record<string, Text>>;

/** The code of {@link attributesFailure}. */
const MODE_NOT_HAD = 'mode-not-had';

/**
 * Describes that a file does not have the mode or group that was set for it, because its volume ignores what is set.
 * @param found what the file has
 */
export function attributesFailure(
  path: string,
  wanted: { readonly mode: number; readonly gid?: number },
  found: { readonly mode: number; readonly gid: number },
): Failure {
  const inWords = (mode: number, gid: number | undefined): Text => {
    const octal = (mode & 0o7777).toString(8).padStart(4, '0');
    return wanted.gid === undefined
      ? verbatim(octal)
      : { en: `${octal}, group ${gid}`, zh: `${octal}、组 ${gid}` };
  };
  const [has, wants] = [inWords(found.mode, found.gid), inWords(wanted.mode, wanted.gid)];
  return failureWith({
    class: 'passing',
    code: MODE_NOT_HAD,
    message: {
      en: en`${path} has mode ${has}, not ${wants}: its volume ignores modes`,
      zh: zh`${path} 的权限是 ${has}，而不是 ${wants}：该卷忽略权限设置`,
    },
    advice: {
      en:
        'mount the volume with the mode and group that its files should have (SMB, Azure Files: file_mode=0640, ' +
        'dir_mode=0750, gid=), or publish on another volume',
      zh: '挂载时指定文件应有的权限和属组（SMB、Azure Files：file_mode=0640、dir_mode=0750、gid=），或发布到另一个卷',
    },
    effect: 'none',
    backoff: PASSING,
  });
}

/** Whether a file has the mode and group that were set for it. */
export function hasAttributes(
  found: { readonly mode: number; readonly gid: number },
  { mode, gid }: { readonly mode: number; readonly gid?: number },
): boolean {
  return (found.mode & 0o7777) === mode && (gid === undefined || found.gid === gid);
}

/** Describes a file system error about `path` in one line, with advice where there is some. */
export function fileProblem(action: FileAction, path: string, error: unknown): Text {
  return inOneLine(fileFailure(action, path, error).failure);
}
