import type { TargetConfig } from './kind.ts';

/** A key of a Kubernetes Secret into which a token or ticket is published. */
export interface SecretTarget extends TargetConfig {
  readonly namespace: string;
  readonly name: string;
  /** The key that holds the value; the key `KEY.json` beside it holds the details. */
  readonly key: string;
}
