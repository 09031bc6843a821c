import type { Config } from '../../config/config.ts';
import type { Findings } from '../../core/findings.ts';
import { joined, SEMICOLON, type Text, verbatim } from '../../core/text.ts';
import { readdir } from '../../system/fs/files.ts';
import { FOLDER, inspectFolder } from '../../system/fs/inspect-folder.ts';
import type { HostContext } from '../../system/process/host-context.ts';

/** What `check` finds about the state folder. */
export interface StateFindings extends Findings {
  /** Whether daemons elsewhere may use the folder as well. */
  readonly shared: boolean;
}

/**
 * Describes the state folder: its file system, who shares it, and what it holds.
 */
export async function inspectState(
  { stateDir, stateGid, stateOrigin }: Pick<Config, 'stateDir' | 'stateGid' | 'stateOrigin'>,
  host: HostContext,
): Promise<StateFindings> {
  const folder = await inspectFolder(stateDir, FOLDER, host);
  const chosen = stateOrigin === 'chosen';
  const shared = chosen || folder.storage === 'network';
  const group = stateGid === undefined ? undefined : host.names.group(stateGid);
  const company =
    group === undefined
      ? []
      : [{ en: `for all users of group ${group}`, zh: `供组 ${group} 的所有用户使用` }];
  return {
    shared,
    facts: [
      ...folder.facts,
      [
        { en: 'shared', zh: '共用' },
        joined([sharing(chosen, folder.storage === 'network'), ...company], SEMICOLON),
      ],
      [{ en: 'records', zh: '记录' }, await countRecords(stateDir)],
    ],
    warnings: folder.problem ? [joined([folder.problem, COSTS_A_CALL], SEMICOLON)] : [],
  };
}

const COSTS_A_CALL: Text = { en: 'without it a restart costs a call', zh: '没有它，重启要花一次调用' };
const NONE_YET: Text = { en: 'none yet', zh: '还没有' };

function sharing(chosen: boolean, network: boolean): Text {
  if (network) return { en: 'with every machine that mounts it', zh: '与挂载它的每台机器共用' };
  return chosen
    ? { en: 'with every daemon that is given the same folder', zh: '与指定了同一目录的每个守护进程共用' }
    : {
        en: 'no: it is the usual one beside the published file, for daemons that publish there',
        zh: '不共用：它是发布的文件旁边的默认目录，供往那里发布的守护进程使用',
      };
}

async function countRecords(folder: string): Promise<Text> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => error);
  if (!Array.isArray(names))
    return names.code === 'ENOENT'
      ? NONE_YET
      : { en: `cannot be counted (${names.code})`, zh: `无法统计（${names.code}）` };
  const records = names.filter((name) => !name.startsWith('.') && name.endsWith('.json')).length;
  return records === 0 ? NONE_YET : verbatim(String(records));
}
