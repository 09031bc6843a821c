import { feedbackProblem } from '../../coordination/folder/feedback-folder.ts';
import type { Findings } from '../../core/findings.ts';
import { joined, SEMICOLON, type Text, verbatim } from '../../core/text.ts';
import { readdir } from '../../system/fs/files.ts';
import { FOLDER, inspectFolder } from '../../system/fs/inspect-folder.ts';
import type { HostContext } from '../../system/process/host-context.ts';

const NOT_REMOVED: Text = { en: 'reports cannot be removed', zh: '上报的文件无法移除' };

/** Describes the feedback folder, and warns if reports in it would not be heard or not be removed. */
export async function inspectFeedback(folder: string, host: HostContext): Promise<Findings> {
  const error = await readdir(folder).then(
    () => undefined,
    (reason: NodeJS.ErrnoException) => reason,
  );
  if (error) {
    const { message, advice } = feedbackProblem(folder, error);
    return { facts: [[FOLDER, verbatim(folder)]], warnings: [joined([message, advice], SEMICOLON)] };
  }
  const { facts, problem } = await inspectFolder(folder, FOLDER, host);
  return { facts, warnings: problem ? [joined([problem, NOT_REMOVED], SEMICOLON)] : [] };
}
