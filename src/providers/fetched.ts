import { type Answer, readAnswer } from '../core/credential.ts';
import type { PlatformAnswer } from './platform.ts';

/** What was fetched, and when the platform says that was. @throws {EdgeError} `odd-answer`, see {@link readAnswer} */
export function fetched({ body, ...date }: PlatformAnswer, field: 'access_token' | 'ticket'): Answer {
  return { ...readAnswer(body, field), ...date };
}
