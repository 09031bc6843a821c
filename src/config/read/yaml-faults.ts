import type { Document, ErrorCode, ParsedNode, YAMLError } from 'yaml';
import type { Text } from '../../core/text.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import { findUnclosed } from './unclosed.ts';

/** A problem and its offset in the text. */
export interface Misplaced {
  readonly path: KeyPath;
  readonly what: Text;
  readonly offset: number;
}

/** What the parser says of a bracket or quote that is not closed, at the place where that came to light. */
const CONSEQUENCES: ReadonlySet<ErrorCode> = new Set(['BAD_INDENT', 'MISSING_CHAR', 'BLOCK_IN_FLOW']);

/** What the parser has to say against a text, in its order, in words of ours. */
export function faultsOf({ errors, warnings }: Document.Parsed<ParsedNode>, text: string): Misplaced[] {
  const all = [...errors, ...warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  const isUnderstood = all.every(({ code }) => code !== 'RESOURCE_EXHAUSTION');
  const isDoubtful = isUnderstood && all.some(({ code }) => CONSEQUENCES.has(code));
  const unclosed = isDoubtful ? findUnclosed(text) : [];
  const from = unclosed[0]?.offset ?? Number.POSITIVE_INFINITY;
  const faults = all.filter(({ code, pos }) => !CONSEQUENCES.has(code) || pos[0] < from);
  return [
    ...unclosed.map(({ what, offset }) => ({ path: [], what, offset })),
    ...inWordsOf(faults, text),
  ].sort((a, b) => a.offset - b.offset);
}

function inWordsOf(faults: readonly YAMLError[], text: string): Misplaced[] {
  // The parser gave up here, so what follows was not understood.
  const last = faults.findIndex(({ code }) => code === 'RESOURCE_EXHAUSTION');
  return faults.slice(0, last < 0 ? faults.length : last + 1).map(({ code, pos }, index, all) => ({
    path: [],
    what: wordsAt(text, pos[0], code, all[index + 1]) ?? WORDS[code],
    offset: pos[0],
  }));
}

/** What the text at the fault says more exactly than the parser, which does not look there for a cause. */
function wordsAt(text: string, offset: number, code: ErrorCode, next?: YAMLError): Text | undefined {
  const before = text.slice(0, offset).trimEnd().at(-1) ?? '';
  const [found = ''] = text.slice(offset);
  // A line that is indented less than what it belongs to, and more than what that belongs to.
  const isMisplaced = code === 'MISSING_CHAR' && /^\s/.test(found) && /(^|\n)$/.test(text.slice(0, offset));
  if (isMisplaced) return WORDS.BAD_INDENT;
  const isContinued = code === 'BLOCK_AS_IMPLICIT_KEY' && next?.code === 'MULTILINE_IMPLICIT_KEY';
  if (isContinued && next?.pos[0] === offset) return CONTINUED;
  if (code !== 'UNEXPECTED_TOKEN') return undefined;
  if (found === ']' || found === '}')
    return {
      en: `closes a bracket (${found}) that was never opened`,
      zh: `这里的括号（${found}）没有对应的左括号`,
    };
  if (before === '"' || before === "'") {
    const written = before === '"' ? '\\"' : "''";
    return {
      en: `goes on after a closing quote (${before}): a quote within quotes is written ${written}`,
      zh: `在右引号（${before}）之后还有内容：引号里的引号要写成 ${written}`,
    };
  }
  return undefined;
}

const CONTINUED: Text = {
  en: 'is followed by a line that is indented further, and so belongs to this value: indent both keys alike',
  zh: '下一行缩进更深，因而属于这个值：两个键应当缩进一致',
};

export const TOO_DEEP: Text = { en: 'is nested too deeply', zh: '嵌套太深' };
export const ODD_KEY: Text = { en: 'has a key that is not plain text', zh: '有一个键不是普通文本' };
const NOT_YAML: Text = { en: 'is not valid YAML', zh: '不是有效的 YAML' };
export const DUPLICATE: Text = {
  en: 'is a duplicate key: only one of them can count',
  zh: '这个键重复了：只有一个能生效',
};

/**
 * Messages for all of the parser's error codes. They need no knowledge of the parser and repeat nothing of the file, which
 * the parser's own do. A code that is new in a later version does not compile without one.
 */
const WORDS: Readonly<Record<ErrorCode, Text>> = {
  ALIAS_PROPS: {
    en: 'puts an anchor (&) or a tag (!) before an alias (*): take it away',
    zh: '在别名（*）前写了锚点（&）或标签（!）：去掉它',
  },
  BAD_ALIAS: {
    en: 'holds an alias (*) or anchor (&) without a name: a value that begins so must be in quotes',
    zh: '有不带名称的别名（*）或锚点（&）：这样开头的值要加引号',
  },
  BAD_COLLECTION_TYPE: {
    en: 'holds a tag (!name) that does not fit its value: take it away',
    zh: '标签（!name）与它的值不符：去掉它',
  },
  BAD_DIRECTIVE: { en: 'holds a directive (%) that is not known', zh: '有不认识的指令（%）' },
  BAD_DQ_ESCAPE: {
    en: 'holds an unknown escape in double quotes: write \\\\ for a backslash, or use single quotes',
    zh: '双引号里有不认识的转义：反斜杠要写成 \\\\，或改用单引号',
  },
  BAD_INDENT: { en: 'is not indented as what stands around it', zh: '缩进与前后的行不一致' },
  BAD_PROP_ORDER: {
    en: 'has an anchor (&) or a tag (!) before its - or key: put it after that',
    zh: '锚点（&）或标签（!）写在了 - 或键的前面：写到它后面',
  },
  BAD_SCALAR_START: {
    en: 'holds a value that begins with a character of YAML’s own: put it into quotes',
    zh: '有一个值以 YAML 的特殊字符开头：给它加上引号',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    en: 'holds a key within the value of a key: put the value into quotes, or on lines of its own',
    zh: '键的值里还有一个键：给值加上引号，或另起一行',
  },
  BLOCK_IN_FLOW: {
    en: 'mixes lines with { } or [ ]: close the bracket first',
    zh: '把分行写法和 { }、[ ] 混在了一起：先闭合括号',
  },
  DUPLICATE_KEY: DUPLICATE,
  IMPOSSIBLE: NOT_YAML,
  KEY_OVER_1024_CHARS: { en: 'holds a key that is too long to be one', zh: '有一个键太长，不可能是键' },
  MISSING_CHAR: {
    en: 'lacks a character of punctuation: a colon, a comma, a closing quote or bracket, or a blank after one',
    zh: '缺少标点：冒号、逗号、右引号或右括号，或者它后面的空格',
  },
  MULTILINE_IMPLICIT_KEY: {
    en: 'holds a key of several lines: is a colon missing?',
    zh: '有一个键占了几行：是不是缺少冒号？',
  },
  MULTIPLE_ANCHORS: {
    en: 'has several anchors (&): one is enough',
    zh: '有几个锚点（&）：一个就够',
  },
  MULTIPLE_DOCS: {
    en: 'begins a second document (---): only one can count',
    zh: '从这里开始是第二个文档（---）：只有一个能生效',
  },
  MULTIPLE_TAGS: { en: 'has several tags (!): take them away', zh: '有几个标签（!）：去掉它们' },
  NON_STRING_KEY: ODD_KEY,
  RESOURCE_EXHAUSTION: TOO_DEEP,
  TAB_AS_INDENT: {
    en: 'is indented with a tab: YAML allows blanks only',
    zh: '用制表符缩进：YAML 只允许用空格',
  },
  TAG_RESOLVE_FAILED: {
    en: 'holds a tag (!name), which means nothing here: put a value that begins with ! into quotes',
    zh: '有标签（!name），在这里没有意义：以 ! 开头的值要加引号',
  },
  UNEXPECTED_TOKEN: {
    en: 'is not valid YAML: something is too much here; a value that begins with * & ! % @ ` or holds a colon must be in quotes',
    zh: '不是有效的 YAML：这里有多余的内容；以 * & ! % @ ` 开头或含有冒号的值要加引号',
  },
};
