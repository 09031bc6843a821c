type OptionalField<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never }[keyof T];

/**
 * `value` without the `fields`: itself where it has none of them, otherwise a copy.
 *
 * The copy is made field by field. V8 gives what a rest pattern leaves over, or an object from which something was
 * deleted, a layout of its own each time, and every account keeps several such objects.
 */
export function omit<T extends object, K extends keyof T>(value: T, ...fields: readonly K[]): Omit<T, K> {
  if (!fields.some((field) => field in value)) return value;
  const copy: Partial<T> = {};
  for (const key of Object.keys(value) as (keyof T)[]) {
    if (!(fields as readonly (keyof T)[]).includes(key)) copy[key] = value[key];
  }
  return copy as Omit<T, K>;
}

/** `value` with its optional `fields` absent, as {@link omit} makes it. */
export function without<T extends object>(value: T, ...fields: readonly OptionalField<T>[]): T {
  return omit(value, ...fields) as T;
}
