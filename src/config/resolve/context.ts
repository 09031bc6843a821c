import type { KeyPath } from '../key-path.ts';
import type { Labels } from '../labels.ts';
import type { Authorities } from './authorities.ts';

/** What all checks of one configuration share. */
export interface Context extends Pick<Labels, 'name' | 'brief' | 'setting'> {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether AppSecrets are going to be used, and not only named. */
  readonly fetches: boolean;
  /** Told of everything that is wrong. */
  complain(path: KeyPath, what: string): void;
  /** Whether what was said there was wrong and has been taken out: then it is not missing. */
  isWrong(path: KeyPath): boolean;
  /** The namespace of objects that are said without one; undefined where there is no cluster. Asks nobody. */
  namespace(): Promise<string | undefined>;
  /** The group's number; undefined when this system does not know it. */
  groupId(group: string): Promise<number | undefined>;
  /** Why a program that is to be run could not be; undefined also where none is going to be run. */
  programProblem(path: string): Promise<string | undefined>;
  /** The certificates in a file, or why there are none. */
  readAuthorities(path: string): Promise<Authorities>;
}

/** Tells of something that has to be there and is not. */
export function isMissing(context: Context, path: KeyPath, value: unknown, what: string): boolean {
  if (value !== undefined) return false;
  if (!context.isWrong(path)) context.complain(path, `is required: ${what}`);
  return true;
}
