/** Keys with values of any kind. */
export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether the value is a mapping or a list, of a document that is being built. */
export function isPart(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * Merges two mappings, including the mappings inside them. Where both have a value, the one of `later` counts, unless
 * it is undefined.
 */
export function merge(earlier: Mapping, later: Mapping): Mapping {
  const merged: Record<string, unknown> = { ...earlier };
  for (const [name, value] of Object.entries(later)) {
    if (value === undefined) continue;
    const before = merged[name];
    merged[name] = isMapping(before) && isMapping(value) ? merge(before, value) : value;
  }
  return merged;
}
