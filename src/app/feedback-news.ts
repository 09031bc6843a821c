import type { FeedbackProblem } from '../coordination/folder/feedback-folder.ts';
import type { Logger } from '../observability/log/logger.ts';

/**
 * Logs that a feedback folder cannot be read, once for each reason, and that it can again. Without it, apps would
 * report into the void and nobody would know.
 */
export function feedbackNews(folder: string, logger: Logger): (problem?: FeedbackProblem) => void {
  let last: string | undefined;
  return (problem) => {
    if (problem?.code === last) return;
    last = problem?.code;
    if (!problem) return logger.info(`the feedback folder ${folder} is read again`);
    const { message, code, advice } = problem;
    logger.warn(message.en, { code, meaning: { zh: message.zh }, advice });
  };
}
