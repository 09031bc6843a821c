import { type AccountNames, readAccountNames } from '../system/account-names.ts';
import { type Mount, readMounts } from '../system/mounts.ts';

/** Where and as whom it is looked at. */
export interface Scene {
  readonly mounts: readonly Mount[];
  readonly names: AccountNames;
  readonly uid: number;
  readonly gid: number;
  /** All groups of this process. */
  readonly groups: readonly number[];
}

export async function lookAround(): Promise<Scene> {
  const [mounts, names] = await Promise.all([readMounts(), readAccountNames()]);
  const gid = process.getegid?.() ?? 0;
  return {
    mounts,
    names,
    uid: process.geteuid?.() ?? 0,
    gid,
    groups: [gid, ...(process.getgroups?.() ?? [])],
  };
}
