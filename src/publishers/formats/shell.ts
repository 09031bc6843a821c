/**
 * Assignments for any POSIX shell to source.
 * @throws {TypeError} for a value with a NUL, which no shell variable can hold
 */
export function shellAssignments(variables: Readonly<Record<string, string | number>>): string {
  const entries = Object.entries(variables);
  return entries.map(([name, value]) => `${name}=${quoted(String(value))}\n`).join('');
}

/** Between single quotes a shell reads everything as it is, up to the next single quote. */
function quoted(value: string): string {
  if (value.includes('\0')) throw new TypeError('a shell variable cannot hold a NUL');
  return `'${value.replaceAll("'", "'\\''")}'`;
}
