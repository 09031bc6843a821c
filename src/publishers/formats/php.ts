/** What is not visible ASCII or a blank, means something in a double-quoted string, or opens or closes PHP. */
const ESCAPED = /[^ -~]|["$<>?\\]/g;

/** A file whose `include` returns the fields as an array. It prints nothing, also when a web server runs it. */
export function phpArray(fields: Readonly<Record<string, string | number>>): string {
  const entries = Object.entries(fields).map(([key, value]) => `  ${literal(key)} => ${literal(value)},\n`);
  return `<?php return [\n${entries.join('')}];\n`;
}

/**
 * Strings become plain ASCII, with `\xHH` for every other byte: `zend.multibyte` and `zend.script_encoding` may make
 * PHP read the file in an encoding in which a byte of UTF-8 swallows the backslash after it.
 */
function literal(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const bytes = Buffer.from(value, 'utf8').toString('latin1');
  const hex = (byte: string) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return `"${bytes.replace(ESCAPED, hex)}"`;
}
