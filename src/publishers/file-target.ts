import type { Attributes } from '../system/fs/atomic-write.ts';
import type { TargetConfig } from './kind.ts';

/** A file into which a token or ticket is published, with its permission bits and group. */
export interface FileTarget extends TargetConfig, Attributes {
  readonly path: string;
  /**
   * Whether to keep `PATH.json` as well. It is written first, so that a reader who sees the new value finds its
   * details.
   */
  readonly details: boolean;
}
