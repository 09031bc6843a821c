import type { Publisher } from '../core/ports.ts';
import { type FileTarget, filePublisher } from './file.ts';
import type { Subject } from './formats.ts';

/** Everything a credential can be published to. */
export type Target = FileTarget;

/** A new kind of target is one file in this folder and one line here. */
const kinds = { file: filePublisher } as const;

export function createPublisher(target: Target, subject: Subject): Publisher {
  return kinds[target.type](target, subject);
}
