/** Characters that could move the cursor, forge a line or change the direction of the text. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Makes one line of text that may come from outside safe for a terminal. A line of JSON keeps its meaning. */
export function escapeControls(line: string): string {
  return line.replace(CONTROLS, (character) => {
    const escaped = JSON.stringify(character).slice(1, -1);
    return escaped === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : escaped;
  });
}
