import type { Context } from './context.ts';
import type { KeyPath } from './key-path.ts';
import type { PlacedTarget } from './resolve-targets.ts';

/** Tells of a key of a Secret that two targets would write; each has a second one, `KEY.json`, for the details. */
export function refuseSharedKeys(
  credentials: readonly { readonly targets: readonly PlacedTarget[] }[],
  context: Context,
): void {
  const owners = new Map<string, KeyPath>();
  for (const { target, at } of credentials.flatMap(({ targets }) => targets)) {
    if (target.type !== 'kubernetes-secret') continue;
    const { namespace, name } = target;
    const keys = [target.key, `${target.key}.json`];
    const taken = keys.find((key) => owners.has(`${namespace}/${name}/${key}`));
    const owner = owners.get(`${namespace}/${name}/${taken}`);
    if (owner) {
      const what = `${taken} of the Secret ${namespace}/${name} is published by ${context.name(owner)} already`;
      context.complain([...at, 'key'], what);
    }
    for (const key of keys) {
      const place = `${namespace}/${name}/${key}`;
      if (!owners.has(place)) owners.set(place, [...at, 'key']);
    }
  }
}
