import { en, type Text, verbatim, zh } from '../core/text.ts';

/** What hides in a text that people copy: blanks, quotes, look-alikes. No message repeats the text, which may be secret. */

const NAMES: Readonly<Record<string, Text>> = {
  ' ': { en: 'a blank', zh: '空格' },
  '\t': { en: 'a tab', zh: '制表符' },
  '\n': { en: 'a line break', zh: '换行符' },
  '\r': {
    en: 'a carriage return, as files that are saved on Windows have',
    zh: '回车符（在 Windows 上保存的文件会有）',
  },
  '\u00a0': { en: 'a no-break space', zh: '不换行空格' },
  '\u200b': { en: 'a zero-width space', zh: '零宽空格' },
  '\u2060': { en: 'a word joiner', zh: '单词连接符' },
  '\u3000': { en: 'an ideographic space', zh: '全角空格' },
  '\ufeff': { en: 'a byte order mark', zh: '字节顺序标记（BOM）' },
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
export function endsProblem(text: string): Text | undefined {
  if (text !== '' && ALL.test(text)) return { en: 'is nothing but blanks', zh: '全是空白' };
  const [first] = FIRST.exec(text) ?? [];
  if (first !== undefined) return around(first, { en: 'begins with', zh: '开头' });
  const [last] = LAST.exec(text) ?? [];
  if (last !== undefined) return around(last, { en: 'ends in', zh: '结尾' });
  const opening = text.at(0) ?? '';
  if (text.length > 1 && CLOSING[opening] === text.at(-1)) {
    return {
      en: `stands in quotes (${opening}), which are part of the value here, as docker --env-file leaves them: remove them`,
      zh: `带有引号（${opening}），在这里引号是值的一部分（docker --env-file 会原样保留）：去掉它们`,
    };
  }
  return undefined;
}

function around(character: string, where: Text): Text {
  const name = characterName(character);
  return { en: en`${where} ${name}: remove it`, zh: zh`${where}有${name}：去掉它` };
}

/** Names a character for a message: what it is called, and its code point. */
function characterName(character: string): Text {
  const point = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  const name = NAMES[character] ?? (/^[!-~]$/.test(character) ? shownAlone(character) : undefined);
  return name ? { en: en`${name} (${point})`, zh: zh`${name}（${point}）` } : verbatim(point);
}

/** A character of ASCII, set off from the sentence that it stands in. */
function shownAlone(character: string): Text {
  return { ...verbatim(character), zh: `「${character}」` };
}

/** The characters that a value is made of. */
export interface Shape {
  /** Matches one character that may stand in it. */
  readonly allowed: RegExp;
  /** The characters in words: `0-9 and a-f`. */
  readonly words: Text;
  /** How many characters it has, where all have the same number. */
  readonly length?: number;
  /** What it begins with; the shape is that of the rest. */
  readonly prefix?: string;
}

/**
 * Returns which character of a text is odd, or that there are too many or too few; undefined if it has the shape.
 * @param secret whether the text is secret: then the character itself is not shown unless it can be none of a secret
 */
export function oddity(text: string, shape: Shape, secret = false): Text | undefined {
  const { allowed, words, length, prefix = '' } = shape;
  if (!text.startsWith(prefix))
    return { en: `it does not begin with ${prefix}`, zh: `不是以 ${prefix} 开头` };
  const index = [...text].findIndex((character, at) => at >= prefix.length && !allowed.test(character));
  if (index >= 0) {
    const character = [...text][index] ?? '';
    const shown: Text =
      secret && /[A-Za-z0-9]/.test(character)
        ? { en: 'another one', zh: '别的字符' }
        : characterName(character);
    return {
      en: en`its character ${index + 1} is ${shown}, where only ${words} are usual`,
      zh: zh`第 ${index + 1} 个字符是${shown}，通常只有 ${words}`,
    };
  }
  const count = [...text].length;
  if (length !== undefined && count !== length)
    return {
      en: `it has ${count} characters, where ${length} are usual`,
      zh: `有 ${count} 个字符，通常是 ${length} 个`,
    };
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
