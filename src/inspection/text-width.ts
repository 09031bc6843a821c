/** What takes two columns of a terminal: East Asian wide and full-width characters, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns of a terminal. */
export function widthOf(text: string): number {
  return [...text].reduce((width, character) => width + (WIDE.test(character) ? 2 : 1), 0);
}

export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Takes out of the middle what is too long: of a path its beginning and its end tell most. */
export function shortened(text: string, width: number, ellipsis: string): string {
  if (widthOf(text) <= width) return text;
  const characters = [...text];
  const room = Math.max(2, width - widthOf(ellipsis));
  const head = takeWhileFits(characters, Math.floor(room / 3));
  const tail = takeWhileFits(characters.toReversed(), room - widthOf(head.join('')));
  return [...head, ellipsis, ...tail.toReversed()].join('');
}

function takeWhileFits(characters: readonly string[], room: number): string[] {
  let left = room;
  const end = characters.findIndex((character) => {
    left -= widthOf(character);
    return left < 0;
  });
  return characters.slice(0, end < 0 ? undefined : end);
}

/** Lines of at most so many columns, broken at blanks; a word that is longer has a line of its own. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
