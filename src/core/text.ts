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

function written(language: Language) {
  return (literals: TemplateStringsArray, ...parts: readonly Part[]): string =>
    literals.reduce((words, literal, index) => {
      const part = parts[index - 1] ?? '';
      return words + (typeof part === 'object' ? part[language] : part) + literal;
    });
}

/** The English of a text that is made of others: ``{ en: en`${what} is full`, zh: zh`${what}已满` }``. */
export const en = written('en');

/** The Chinese of a text that is made of others. */
export const zh = written('zh');

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
