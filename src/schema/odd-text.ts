/** What hides in a text that people copy: blanks, quotes, look-alikes. No message repeats the text, which may be secret. */

const NAMES: Readonly<Record<string, string>> = {
  ' ': 'a blank',
  '\t': 'a tab',
  '\n': 'a line break',
  '\r': 'a carriage return, as files that are saved on Windows have',
  '\u00a0': 'a no-break space',
  '\u200b': 'a zero-width space',
  '\u2060': 'a word joiner',
  '\u3000': 'an ideographic space',
  '\ufeff': 'a byte order mark',
};

/** Blanks of every kind, visible or not. */
const BLANK = '[\\s\\u200b-\\u200d\\u2060\\ufeff]';
const FIRST = new RegExp(`^${BLANK}`);
const LAST = new RegExp(`${BLANK}$`);
const ALL = new RegExp(`^${BLANK}+$`);

const CLOSING: Readonly<Record<string, string>> = { '"': '"', "'": "'", '`': '`', '“': '”', '‘': '’' };

/**
 * Returns what is wrong with the ends of a text, for a message about it: blanks that nobody sees, or quotes that
 * belong to it where no shell has removed them. Undefined if nothing is.
 */
export function endsProblem(text: string): string | undefined {
  if (text !== '' && ALL.test(text)) return 'is nothing but blanks';
  const [first] = FIRST.exec(text) ?? [];
  if (first !== undefined) return `begins with ${characterName(first)}: remove it`;
  const [last] = LAST.exec(text) ?? [];
  if (last !== undefined) return `ends in ${characterName(last)}: remove it`;
  const opening = text.at(0) ?? '';
  if (text.length > 1 && CLOSING[opening] === text.at(-1)) {
    return `stands in quotes (${opening}), which are part of the value here, as docker --env-file leaves them: remove them`;
  }
  return undefined;
}

/** Names a character for a message: what it is called, and its code point. */
function characterName(character: string): string {
  const point = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  const name = NAMES[character] ?? (/^[!-~]$/.test(character) ? character : undefined);
  return name === undefined ? point : `${name} (${point})`;
}

/** The characters that a value is made of. */
export interface Shape {
  /** Matches one character that may stand in it. */
  readonly allowed: RegExp;
  /** The characters in words: `0-9 and a-f`. */
  readonly words: string;
  /** How many characters it has, where all have the same number. */
  readonly length?: number;
  /** What it begins with; the shape is that of the rest. */
  readonly prefix?: string;
}

/**
 * Returns which character of a text is odd, or that there are too many or too few; undefined if it has the shape.
 * @param secret whether the text is secret: then the character itself is not shown unless it can be none of a secret
 */
export function oddity(text: string, shape: Shape, secret = false): string | undefined {
  const { allowed, words, length, prefix = '' } = shape;
  if (!text.startsWith(prefix)) return `it does not begin with ${prefix}`;
  const index = [...text].findIndex((character, at) => at >= prefix.length && !allowed.test(character));
  if (index >= 0) {
    const character = [...text][index] ?? '';
    const shown = secret && /[A-Za-z0-9]/.test(character) ? 'another one' : characterName(character);
    return `its character ${index + 1} is ${shown}, where only ${words} are usual`;
  }
  const count = [...text].length;
  if (length !== undefined && count !== length)
    return `it has ${count} characters, where ${length} are usual`;
  return undefined;
}

/** Texts that stand for a value in examples and templates. */
const PLACEHOLDER =
  /^(<.*>|\$\{.*\}|\$\(.*\)|\{\{.*\}\}|x{4,}|\.{3,}|change[-_]?me|todo|(app|corp)[-_]?(id|secret)|(your|insert|enter|replace)[-_]?[a-z_-]{0,30}(id|secret|key|here))$/i;

/** Characters. */
const LONGEST_PLACEHOLDER = 64;

/** Tells whether a text is the placeholder of an example, or a variable that nobody has filled in. */
export function isPlaceholder(text: string): boolean {
  return text.length <= LONGEST_PLACEHOLDER && PLACEHOLDER.test(text);
}
