import * as v from 'valibot';
import { LANGUAGES, type Language, type Text } from '../core/text.ts';

declare const IN_ALL_LANGUAGES: unique symbol;

/** A message of a schema, which valibot calls for in the language of a run. Only {@link say} makes one. */
export type Message = ((issue: v.BaseIssue<unknown>) => string) & { readonly [IN_ALL_LANGUAGES]: true };

/** Says a text in place of valibot's own message. */
export function say(text: Text): Message {
  return sayOf(() => text);
}

/** Says a text that depends on what was wrong. */
export function sayOf(textOf: (issue: v.BaseIssue<unknown>) => Text): Message {
  const message = (issue: v.BaseIssue<unknown>) => textOf(issue)[languageOf(issue)];
  return message as Message;
}

function languageOf({ lang }: Pick<v.BaseIssue<unknown>, 'lang'>): Language {
  return LANGUAGES.find((language) => language === lang) ?? 'en';
}

/**
 * What a schema has to be so that {@link say} has made all its messages, as far as it is one thing: the parts of a mapping
 * and the items of a list have gone through this themselves. One with a message in English alone does not compile.
 */
export type Spoken<S> = [EnglishAlone<PartOf<S>>] extends [never] ? unknown : never;

type PartOf<S> = S extends { readonly pipe: readonly (infer P)[] } ? P : S;

type EnglishAlone<P> = P extends { readonly message: infer M } ? Exclude<M, Message | undefined> : never;

/** What a schema has to say against a value. */
export interface Complaint {
  readonly issue: v.BaseIssue<unknown>;
  readonly what: Text;
}

/** Checks a value, and returns what is wrong with it in every language. */
export function complaintsOf(schema: v.GenericSchema, value: unknown): readonly Complaint[] {
  const issuesIn = (lang: Language) => v.safeParse(schema, value, { lang }).issues ?? [];
  const english = issuesIn('en');
  if (english.length === 0) return [];
  const chinese = issuesIn('zh');
  return english.map((issue, index) => ({
    issue,
    what: { en: issue.message, zh: chinese[index]?.message ?? issue.message },
  }));
}
