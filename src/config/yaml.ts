import {
  type Document,
  isAlias,
  isMap,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
} from 'yaml';
import type { KeyPath } from './key-path.ts';
import { type Aliases, type Misplaced, nameOf, plainValue, startOf } from './yaml-value.ts';
import { wordsFor } from './yaml-words.ts';

/** Line by line, one based. */
export interface Place {
  readonly line: number;
  readonly offset: number;
}

export interface YamlFile {
  /** Undefined where the text is no YAML at all. */
  readonly value?: unknown;
  readonly problems: readonly (Place & { readonly path: KeyPath; readonly what: string })[];
  /** Where a key stands; of one that is not there, what it should stand in. */
  placeOf(path: KeyPath): Place;
}

/** Further ones are most often consequences of the first. */
const MOST_FAULTS = 10;

/** Reads YAML 1.2, and JSON, which is a part of it. Whatever the text is, nothing is thrown. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const found = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    // Also where the file claims to be of an older version: `yes` is a word, 0640 is no octal number.
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    prettyErrors: false,
    // It compares each with each; keys are looked at below.
    uniqueKeys: false,
    logLevel: 'error',
  });
  const at = (offset: number): Place => ({ line: Math.max(1, lines.linePos(offset).line), offset });
  const faults = faultsOf(found).map((fault) => ({ ...fault, ...at(fault.offset) }));
  if (faults.length > 0) {
    const firstOfLine = faults.filter(({ line }, index) => line !== faults[index - 1]?.line);
    return { problems: firstOfLine.slice(0, MOST_FAULTS), placeOf: () => at(0) };
  }
  const { value, problems, aliases } = plainValue(found.contents);
  return {
    ...(value !== undefined && { value }),
    problems: problems.map((problem) => ({ ...problem, ...at(problem.offset) })),
    placeOf: (path) => at(offsetOf(found.contents, path, aliases)),
  };
}

function faultsOf({ errors, warnings }: Document.Parsed<ParsedNode>): Misplaced[] {
  const faults = [...errors, ...warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  // Whatever follows has not been understood.
  const last = faults.findIndex(({ code }) => code === 'RESOURCE_EXHAUSTION');
  return faults
    .slice(0, last < 0 ? faults.length : last + 1)
    .map(({ code, pos }) => ({ path: [], what: wordsFor(code), offset: pos[0] }));
}

function offsetOf(root: Node | null, path: KeyPath, aliases: Aliases): number {
  let node: unknown = root;
  let offset = startOf(root);
  for (const step of path) {
    if (isAlias(node)) node = aliases.get(node);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => nameOf(key) === step);
      if (!pair) return offset;
      offset = startOf(pair.key);
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      if (node === undefined) return offset;
      offset = startOf(node);
    } else return offset;
  }
  return offset;
}
