import { feedbackProblem } from '../../coordination/folder/feedback-folder.ts';
import type { Findings } from '../../core/findings.ts';
import { readdir } from '../../system/fs/files.ts';
import { inspectFolder } from '../../system/fs/inspect-folder.ts';
import type { HostContext } from '../../system/process/host-context.ts';

/** Describes the feedback folder, and warns if reports in it would not be heard or not be removed. */
export async function inspectFeedback(folder: string, host: HostContext): Promise<Findings> {
  const error = await readdir(folder).then(
    () => undefined,
    (reason: NodeJS.ErrnoException) => reason,
  );
  if (error) {
    const { message, advice } = feedbackProblem(folder, error);
    return { facts: [['folder', folder]], warnings: [`${message.en}; ${advice.en}`] };
  }
  const { facts, problem } = await inspectFolder(folder, 'folder', host);
  return { facts, warnings: problem === undefined ? [] : [`${problem.en}; reports cannot be removed`] };
}
