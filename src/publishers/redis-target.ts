import type { LayoutKey, LayoutOptions, LayoutOwner } from '../codec/sdk-layout.ts';
import type { LayoutName } from '../codec/sdk-layouts.ts';
import type { TargetConfig } from './kind.ts';

/** Keys of Redis in which an SDK, or somebody else, looks for a token or ticket. */
export interface RedisTarget extends TargetConfig {
  /** Name of the connection. */
  readonly connection: string;
  /** Where that leads to: two targets with one server and key are one. */
  readonly server: string;
  /** Whether what is written travels unencrypted to another host. */
  readonly isExposed: boolean;
  /** Whose it is; absent for a mirror. */
  readonly owner?: Pick<LayoutOwner, 'family' | 'id'>;
  /** The keys, in the order in which they are written; one of them holds the value. */
  readonly keys: readonly LayoutKey[];
  /** The layout of an SDK that the keys are of, with what was said of the app; absent for a key of one's own. */
  readonly layout?: { readonly name: LayoutName; readonly options: LayoutOptions };
}

/** The key that holds the value. */
export function valueKeyOf({ keys }: Pick<RedisTarget, 'keys'>): string {
  return keys.find(({ holds }) => holds === 'value')?.key ?? '';
}
