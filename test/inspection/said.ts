import { expect } from 'vitest';
import type { Findings } from '../../src/core/findings.ts';
import type { Text } from '../../src/core/text.ts';
import { type Said, saidIn } from '../../src/inspection/check/findings.ts';

/** Says findings in English, after a look at each of them in Chinese. */
export function inEnglish<T extends Findings>({ facts, warnings, ...rest }: T): Said & Omit<T, keyof Said> {
  for (const text of [...facts.flat(), ...warnings]) expectTranslated(text);
  return { ...rest, ...saidIn({ facts, warnings }, 'en') };
}

/** Terms that Chinese leaves as they are. */
const TERMS: ReadonlySet<string> = new Set(['AppSecret', 'token']);

/** A text is translated, or it is one word that is the same in every language: a name, a path, a number. */
function expectTranslated({ en, zh }: Text): void {
  if (zh === en) expect(en).not.toMatch(/[a-z] [a-z]/);
  else if (!TERMS.has(zh)) expect(zh, en).toMatch(/\p{Script=Han}/u);
}
