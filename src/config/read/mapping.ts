/** Keys and their values, of whatever kind. */
export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Something that is made of parts and under construction: a mapping, or a list. */
export function isPart(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Both, also of the mappings within; where both say something else, the later counts. */
export function merge(earlier: Mapping, later: Mapping): Mapping {
  const merged: Record<string, unknown> = { ...earlier };
  for (const [name, value] of Object.entries(later)) {
    if (value === undefined) continue;
    const before = merged[name];
    merged[name] = isMapping(before) && isMapping(value) ? merge(before, value) : value;
  }
  return merged;
}
