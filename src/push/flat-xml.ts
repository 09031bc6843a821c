/**
 * The XML of callbacks: an element `xml` of elements that hold text. It reads what the platform writes and refuses all
 * that makes XML dangerous: declarations, DOCTYPE, entities, attributes, comments and deep nesting.
 */

/** Longest document in characters. */
const LONGEST = 65_536;

/** Deepest nesting under `xml`: some events that are ignored have lists. */
const DEEPEST = 4;

/** Opening and closing tags, CDATA and text, each of which begins where the last one ended. */
const PIECE =
  /<([A-Za-z_][\w.-]{0,63})[ \t\r\n]*(\/?)>|<\/([A-Za-z_][\w.-]{0,63})[ \t\r\n]*>|<!\[CDATA\[([\s\S]*?)\]\]>|([^<&]+)/y;

/**
 * Reads the elements under `xml` that hold text, trimmed. Names are case-sensitive. An element that occurs twice counts
 * as absent, since two readers could take two values from it; so does one that holds elements.
 * @returns undefined for anything but such a document
 */
export function readFlatXml(document: string): ReadonlyMap<string, string> | undefined {
  if (document.length > LONGEST) return undefined;
  const values = new Map<string, string>();
  const dropped = new Set<string>();
  const open: string[] = [];
  let value = '';
  let isClosed = false;

  function close(name: string): boolean {
    if (open.pop() !== name) return false;
    if (open.length === 0) isClosed = true;
    if (open.length > 1) dropped.add(open[1] ?? '');
    if (open.length === 1) {
      if (values.has(name)) dropped.add(name);
      values.set(name, value.trim());
    }
    value = '';
    return true;
  }

  const pieces = new RegExp(PIECE);
  let end = 0;
  while (end < document.length) {
    pieces.lastIndex = end;
    const piece = pieces.exec(document);
    if (!piece) return undefined;
    end = pieces.lastIndex;
    const [, opened, isEmpty, closed, cdata, text] = piece;
    if (opened !== undefined) {
      if (isClosed || (open.length === 0 && opened !== 'xml') || open.length > DEEPEST) return undefined;
      // Text beside elements means nothing.
      value = '';
      open.push(opened);
      if (isEmpty === '/' && !close(opened)) return undefined;
    } else if (closed !== undefined) {
      if (!close(closed)) return undefined;
    } else if (open.length > 1) {
      value += cdata ?? text ?? '';
    } else if (cdata !== undefined || text?.trim() !== '') {
      return undefined;
    }
  }
  if (!isClosed) return undefined;
  for (const name of dropped) values.delete(name);
  return values;
}
