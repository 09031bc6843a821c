import type { Config } from '../../config/config.ts';
import type { Findings } from '../../core/findings.ts';
import { readdir } from '../../system/fs/files.ts';
import { inspectFolder } from '../../system/fs/inspect-folder.ts';
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
  const folder = await inspectFolder(stateDir, 'folder', host);
  const chosen = stateOrigin === 'chosen';
  const shared = chosen || folder.storage === 'network';
  const company = stateGid === undefined ? '' : `; for all users of group ${host.names.group(stateGid)}`;
  return {
    shared,
    facts: [
      ...folder.facts,
      ['shared', sharing(chosen, folder.storage === 'network') + company],
      ['records', await countRecords(stateDir)],
    ],
    warnings: folder.problem === undefined ? [] : [`${folder.problem.en}; without it a restart costs a call`],
  };
}

function sharing(chosen: boolean, network: boolean): string {
  if (network) return 'with every machine that mounts it';
  return chosen
    ? 'with every daemon that is given the same folder'
    : 'no: it is the usual one beside the published file, for daemons that publish there';
}

async function countRecords(folder: string): Promise<string> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => error);
  if (!Array.isArray(names))
    return names.code === 'ENOENT' ? 'none yet' : `cannot be counted (${names.code})`;
  const records = names.filter((name) => !name.startsWith('.') && name.endsWith('.json')).length;
  return records === 0 ? 'none yet' : String(records);
}
