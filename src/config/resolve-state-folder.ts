import type { Context } from './context.ts';
import { resolveGroup } from './resolve-group.ts';
import type { Settings } from './schema.ts';

/** Who may use the state folder. */
export async function resolveStateFolder(
  { stateMode, stateGroup }: Settings,
  context: Context,
): Promise<{ readonly stateMode: number; readonly stateGid?: number }> {
  const isShared = (stateMode & 0o070) !== 0;
  if (isShared && stateGroup === undefined && !context.isWrong(['stateGroup'])) {
    context.complain(['stateMode'], 'needs stateGroup: the group whose daemons share the folder');
  }
  if (stateGroup === undefined) return { stateMode };
  if (!isShared && !context.isWrong(['stateMode'])) {
    context.complain(['stateGroup'], 'needs stateMode: "0770", or its members cannot use the folder');
  }
  const stateGid = await resolveGroup(stateGroup, ['stateGroup'], context);
  return { stateMode, ...(stateGid !== undefined && { stateGid }) };
}
