import type { Unit } from '../../core/ports.ts';

/** What names a series of a unit. */
export type Labelled = Pick<Unit, 'id' | 'name' | 'kind' | 'listedBy'>;

/**
 * The value of the label `credential`. Accounts that a list has brought share the series of its entry: there may be
 * thousands, and they come and go.
 */
export function credentialLabel({ name, listedBy }: Labelled): string {
  return listedBy ?? name;
}

/** The value of the label `target`, with `{appId}` and `{name}` for what differs among the accounts of an entry. */
export function targetLabel({ name, listedBy }: Labelled, target: string): string {
  if (listedBy === undefined) return target;
  return target.replaceAll(name, '{name}').replaceAll(name.slice(listedBy.length + 1), '{appId}');
}
