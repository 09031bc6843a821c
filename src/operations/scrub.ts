/** Query parameters, variables and JSON keys that carry what must not be seen; the quotes may be escaped ones. */
const SECRET_PARAMETER =
  /(\w{0,32}(?:secret|access_token|ticket))(\\*["']?\s*[=:]\s*\\*["']?)[^\s"'&,}\\]+/gi;

const SECRET_KEY = /(?:secret|access_token|ticket)$/i;

/** Deep enough for an error with its causes. */
const DEEPEST = 5;

/** As {@link scrub}, for a value whose name is known: the name alone may say that it is a secret. */
export function scrubField(name: string, value: unknown, depth = 0): unknown {
  return typeof value === 'string' && SECRET_KEY.test(name) ? '[redacted]' : scrub(value, depth);
}

/**
 * Makes a value fit for a log: errors become plain data with their causes, and anything that looks like the
 * platform's secret parameters is redacted. The second line of defence: secrets are kept in `Secret`, which prints
 * nothing, and only what libraries and proxies say could slip past it.
 */
function scrub(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.replace(SECRET_PARAMETER, '$1$2[redacted]');
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return '[deep]';
  if (value instanceof Error) return scrub(flatten(value), depth + 1);
  if (Array.isArray(value)) return value.map((item) => scrub(item, depth + 1));
  if ('toJSON' in value && typeof value.toJSON === 'function') return scrub(value.toJSON(), depth + 1);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, scrubField(key, item, depth + 1)]),
  );
}

/** An Error's own fields are not enumerable: serialised as it is, it would read `{}`. */
function flatten(error: Error): Record<string, unknown> {
  const { name, message, stack, cause, code } = error as Error & { code?: unknown };
  return { name, message, ...(code !== undefined && { code }), ...(cause !== undefined && { cause }), stack };
}
