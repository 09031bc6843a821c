import { expect } from 'vitest';
import { type Problem, problemLine } from '../../src/config/config-error.ts';
import type { Text } from '../../src/core/text.ts';

/** Words that no Chinese sentence has, unless a half of it was left in English. */
const ENGLISH =
  /\b(?:must|is|are|was|the|which|cannot|there|takes|belongs|needs|names|holds|nothing|where)\b/;

/** What stands in Chinese as it was written, or as another program said it. */
const AS_IT_IS = /（解析器的原文：.*?）|\/[\w./$:@-]+|\$FOLDER[\w./-]*|"[^"]*"/g;

/** Terms of the consoles, which are written without a blank. */
const TERMS = /IP白名单|原始ID|企业ID/g;

const PUNCTUATION = /\p{Script=Han}[,;:?!.]|[,;?!]\p{Script=Han}/u;
const TOUCHING = /\p{Script=Han}[A-Za-z0-9]|[A-Za-z0-9]\p{Script=Han}/u;

/** Expects a complaint to be whole in Chinese: words of its own, punctuation that is full-width, and nothing of English. */
export function expectChinese({ en, zh }: Text): void {
  expect(zh, en).not.toBe(en);
  expectChineseWords(zh, en);
  expect(en).not.toMatch(NOT_SAID);
}

/** Expects the same of what is there in Chinese alone. */
export function expectChineseWords(zh: string, about = zh): void {
  const words = zh.replace(AS_IT_IS, '').replace(TERMS, '');
  expect(words, about).toMatch(/\p{Script=Han}/u);
  expect(words, about).not.toMatch(ENGLISH);
  expect(words, about).not.toMatch(PUNCTUATION);
  expect(words, about).not.toMatch(TOUCHING);
  expect(zh).not.toMatch(NOT_SAID);
}

/** What a text becomes that was put into another one as if it were words. */
const NOT_SAID = /\[object|undefined/;

/** Returns the complaints in English, a line each, and expects that each has its Chinese. */
export function inEnglish(problems: readonly Problem[]): string[] {
  for (const { what } of problems) expectChinese(what);
  return problems.map((problem) => problemLine(problem).en);
}

/** Returns a complaint in English, if there is one, and expects that it has its Chinese. */
export function englishOf(complaint: Text | undefined): string | undefined {
  if (complaint) expectChinese(complaint);
  return complaint?.en;
}
