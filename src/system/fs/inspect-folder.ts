import { type Fact, MORE } from '../../core/findings.ts';
import { en, joined, type Text, zh } from '../../core/text.ts';
import { type HostContext, octal } from '../process/host-context.ts';
import { stat } from './files.ts';
import { type Mount, mountOf, type Storage, storageOf } from './mounts.ts';
import { folderProblem, realPath } from './path-problem.ts';

export interface FolderFacts {
  readonly facts: readonly Fact[];
  /** Why nothing can be written into the folder, in one line with advice; absent if no obstacle was found. */
  readonly problem?: Text;
  readonly mount?: Mount;
  readonly storage?: Storage;
  /** Absent while the folder does not exist. */
  readonly stat?: { readonly mode: number; readonly uid: number; readonly gid: number };
}

const STORAGE: Readonly<Record<Storage, Text>> = {
  memory: { en: 'memory', zh: '内存' },
  disk: { en: 'disk', zh: '磁盘' },
  layer: {
    en: "disk, this container's own layer: no other container sees it, and it ends with the container",
    zh: '磁盘，本容器自己的可写层：其他容器看不到，随容器一起消失',
  },
  network: { en: 'network', zh: '网络' },
};

/** The label of a folder. */
export const FOLDER: Text = { en: 'folder', zh: '目录' };

/**
 * Describes a folder for `check`: where it leads, who may use it, how it is stored. Creates nothing and never
 * rejects.
 * @param label heads the line that describes the folder
 */
export async function inspectFolder(folder: string, label: Text, host: HostContext): Promise<FolderFacts> {
  const [real, found, problem] = await Promise.all([
    realPath(folder),
    stat(folder).catch(() => undefined),
    folderProblem(folder),
  ]);
  const mount = mountOf(host.mounts, real);
  const storage = mount && storageOf(mount.type);
  const kept = storage && STORAGE[storage];
  const words: Text[] = [
    ...(real === folder ? [] : [{ en: `leads to ${real}`, zh: `指向 ${real}` }]),
    found
      ? {
          en: `is there with mode ${octal(found.mode)}, ${problem ? 'not ' : ''}writable`,
          zh: `已存在，权限 ${octal(found.mode)}，${problem ? '不可写' : '可写'}`,
        }
      : willBe(problem),
    ...(mount && kept ? [{ en: en`${mount.type} (${kept})`, zh: zh`${mount.type}（${kept}）` }] : []),
    ...(mount?.readOnly ? [{ en: 'mounted read-only', zh: '以只读方式挂载' }] : []),
  ];
  const all = joined(words, { en: ', ', zh: '，' });
  const facts: Fact[] = [[label, { en: en`${folder}: ${all}`, zh: zh`${folder}：${all}` }]];
  if (storage === 'network') {
    facts.push([
      MORE,
      {
        en: 'changes by other machines send no events here: they are found by polling, within 30 s',
        zh: '其他机器的更改在这里没有事件：靠轮询发现，30 秒之内',
      },
    ]);
  }
  return {
    facts,
    ...(problem !== undefined && { problem }),
    ...(mount && { mount }),
    ...(storage && { storage }),
    ...(found && { stat: found }),
  };
}

function willBe(problem: Text | undefined): Text {
  return problem === undefined
    ? { en: 'will be created', zh: '将会创建' }
    : { en: 'cannot be used', zh: '无法使用' };
}
