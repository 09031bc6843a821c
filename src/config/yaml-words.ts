import type { ErrorCode } from 'yaml';

/** What the parser calls by these codes, in words that need no knowledge of the parser and repeat nothing of the file. */
const WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  BAD_ALIAS: 'holds an alias (*) or anchor (&) without a name: a value that begins so must be in quotes',
  BAD_DIRECTIVE: 'holds a directive (%) that is not known',
  BAD_DQ_ESCAPE: 'holds an unknown escape in double quotes: write \\\\ for a backslash, or use single quotes',
  BAD_INDENT: 'is not indented as what stands around it',
  BAD_SCALAR_START: 'holds a value that begins with a character of YAML’s own: put it into quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'holds a key within the value of a key: put the value into quotes, or on lines of its own',
  BLOCK_IN_FLOW: 'mixes lines with { } or [ ]: close the bracket first',
  KEY_OVER_1024_CHARS: 'holds a key that is too long to be one',
  MISSING_CHAR:
    'lacks a character of punctuation: a colon, a comma, a closing quote or bracket, or a blank after one',
  MULTILINE_IMPLICIT_KEY: 'holds a key of several lines: is a colon missing?',
  MULTIPLE_DOCS: 'begins a second document (---): only one can count',
  RESOURCE_EXHAUSTION: 'is nested too deeply',
  TAB_AS_INDENT: 'is indented with a tab: YAML allows blanks only',
  TAG_RESOLVE_FAILED:
    'holds a tag (!name), which means nothing here: put a value that begins with ! into quotes',
  UNEXPECTED_TOKEN:
    'is no YAML: something is too much here; a value that begins with * & ! % @ ` or holds a colon must be in quotes',
};

export function wordsFor(code: ErrorCode): string {
  return WORDS[code] ?? 'is no YAML';
}
