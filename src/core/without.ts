type OptionalField<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never }[keyof T];

/** A copy of `value` in which the optional `fields` are absent. */
export function without<T extends object>(value: T, ...fields: readonly OptionalField<T>[]): T {
  const copy: Partial<T> = { ...value };
  for (const field of fields) delete copy[field];
  return copy as T;
}
