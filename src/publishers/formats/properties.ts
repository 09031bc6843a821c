/**
 * Java properties, escaped like those of `Properties.store`: plain ASCII, since `load` reads a stream as Latin-1.
 * @param fields with keys of letters, digits and `_`
 */
export function javaProperties(fields: Readonly<Record<string, string | number>>): string {
  const entries = Object.entries(fields);
  return entries.map(([key, value]) => `${key}=${escaped(String(value))}\n`).join('');
}

/** Blanks as well: not every reader of properties leaves those at the ends alone. */
function escaped(value: string): string {
  const unicode = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return value.replace(/[\\=:#!]/g, '\\$&').replace(/[^!-~]/g, unicode);
}
