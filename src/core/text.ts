/**
 * The languages of the program, and texts in all of them. A text stands where its rule stands; which language is shown is
 * chosen at the outermost edge (docs/decisions/0019-languages.md).
 */

/** English and Simplified Chinese. */
export const LANGUAGES = ['en', 'zh'] as const;

export type Language = (typeof LANGUAGES)[number];

/** A text for people in every language: one without a translation does not compile. */
export type Text = Readonly<Record<Language, string>>;

type Part = Text | string | number;

function written(language: Language, join: (before: string, after: string) => string) {
  return (literals: TemplateStringsArray, ...parts: readonly Part[]): string =>
    literals.reduce((words, literal, index) => {
      const part = parts[index - 1] ?? '';
      const said = typeof part === 'object' ? part[language] : String(part);
      return join(join(words, said), literal);
    });
}

/** Where Chinese meets Latin letters and digits there is a blank, as between words. */
const SEAM = /(?:\p{Script=Han}\0[A-Za-z0-9]|[A-Za-z0-9]\0\p{Script=Han})$/u;

function spaced(before: string, after: string): string {
  const ends = `${[...before.slice(-2)].at(-1) ?? ''}\0${[...after.slice(0, 2)][0] ?? ''}`;
  return SEAM.test(ends) ? `${before} ${after}` : before + after;
}

/** The English of a text that is made of others: ``{ en: en`${what} is full`, zh: zh`${what}已满` }``. */
export const en = written('en', (before, after) => before + after);

/** The Chinese of a text that is made of others. A part need not know whether it needs blanks around it. */
export const zh = written('zh', spaced);

/** Builds a text of other texts: `make` is called for each language, and `say` gives a text in that one. */
export function text(make: (say: (part: Text) => string, language: Language) => string): Text {
  const inLanguage = (language: Language) => make((part) => part[language], language);
  return { en: inLanguage('en'), zh: inLanguage('zh') };
}

/** A text that is the same in every language: a path, a name, or what another program said. */
export function verbatim(words: string): Text {
  return { en: words, zh: words };
}

/** Joins texts with what stands between two of them, in each language. */
export function joined(parts: readonly Text[], between: Text): Text {
  return text((say) => parts.map(say).join(say(between)));
}

/** Between two clauses of a line. */
export const SEMICOLON: Text = { en: '; ', zh: '；' };

/** Between the items of a list. */
export const COMMA: Text = { en: ', ', zh: '、' };

/** Names one of which is meant: `a, b or c`. */
export function oneOf(names: readonly (Text | string)[]): Text {
  return series(names, { en: ' or ', zh: '或' });
}

/** Names all of which are meant: `a, b and c`. */
export function allOf(names: readonly (Text | string)[]): Text {
  return series(names, { en: ' and ', zh: '和' });
}

function series(names: readonly (Text | string)[], last: Text): Text {
  const texts = names.map((name) => (typeof name === 'string' ? verbatim(name) : name));
  const [end] = texts.slice(-1);
  if (!end || texts.length < 2) return joined(texts, COMMA);
  const others = joined(texts.slice(0, -1), COMMA);
  return { en: en`${others}${last}${end}`, zh: zh`${others}${last}${end}` };
}

/**
 * Something that tells people something in English fields, with the same fields in Chinese in `zh`. So documents keep their
 * fields for programs, and whoever reads them later chooses the language. `zh` is absent where an older version wrote it.
 */
export interface Bilingual<T> {
  readonly zh?: T;
}

/** Returns the value with its fields in the language, as far as there are any. */
export function inLanguage<T extends Bilingual<object>>(value: T, language: Language): T {
  return language === 'zh' && value.zh ? { ...value, ...value.zh } : value;
}
