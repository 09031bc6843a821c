import { type Told, textsOf } from '../../core/failure.ts';
import type { Bilingual } from '../../core/text.ts';
import type { Fields } from './logger.ts';

/** The fields of a log line that tell people of a failure; its message is the line's. */
export function toldFields(failure: Told & Bilingual<Told>): Pick<Fields, 'advice' | 'meaning'> {
  const { message, advice } = textsOf(failure);
  return {
    ...(message.zh !== message.en && { meaning: { zh: message.zh } }),
    ...(advice && { advice }),
  };
}
