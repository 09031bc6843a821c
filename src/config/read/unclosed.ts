import { Parser } from 'yaml';
import type { Text } from '../../core/text.ts';

/** A bracket or quote that is opened and never closed. */
export interface Unclosed {
  readonly what: Text;
  /** Offset of the opening character in the text. */
  readonly offset: number;
}

/** Parts of the parser's tokens, as far as they are needed here. */
interface Token {
  readonly type?: string;
  readonly offset?: number;
  readonly source?: string;
  readonly end?: readonly { readonly type: string }[];
  readonly value?: Token;
  readonly key?: Token;
  readonly items?: readonly Token[];
}

const QUOTES: Readonly<Record<string, string>> = { 'double-quoted-scalar': '"', 'single-quoted-scalar': "'" };

const LIST = ['[', ']', 'flow-seq-end'] as const;
const MAP = ['{', '}', 'flow-map-end'] as const;

/**
 * Finds the brackets and quotes of a YAML text that are never closed. The parser itself notices only where the text
 * ceases to make sense, lines later, and then speaks of the indentation there.
 */
export function findUnclosed(text: string): readonly Unclosed[] {
  const found = new Map<Token, Unclosed>();
  /** Brackets whose closing one was taken by a bracket within that is not closed. */
  const robbed = new Set<Token | undefined>();
  // A list of its own instead of recursion: a text may be nested more deeply than a program's stack.
  const left: (readonly [token: Token, around: Token | undefined])[] = [];
  for (const token of new Parser().parse(text)) left.push([token as Token, undefined]);
  for (let next = left.pop(); next; next = left.pop()) {
    const [token, around] = next;
    const { type = '', offset = 0, source = '', end = [] } = token;
    const quote = QUOTES[type];
    if (quote !== undefined && (source.length < 2 || !source.endsWith(quote)))
      found.set(token, {
        offset,
        what: { en: `opens a quote (${quote}) that is never closed`, zh: `这里的引号（${quote}）没有闭合` },
      });
    const isFlow = type === 'flow-collection';
    if (isFlow) {
      const [open, close, ending] = text[offset] === '[' ? LIST : MAP;
      const [last] = end;
      if (last?.type !== ending) {
        const what: Text = {
          en: `opens a bracket (${open}) that is never closed: a ${close} is missing`,
          zh: `这里的括号（${open}）没有闭合：缺少 ${close}`,
        };
        found.set(token, { offset, what });
        if (last) robbed.add(around);
      }
    }
    for (const part of [token.key, token.value, ...(token.items ?? [])])
      if (part) left.push([part, isFlow ? token : around]);
  }
  return [...found]
    .filter(([token]) => !robbed.has(token))
    .map(([, one]) => one)
    .sort((a, b) => a.offset - b.offset);
}
