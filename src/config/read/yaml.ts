import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import type { Text } from '../../core/text.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import { DUPLICATE, faultsOf, type Misplaced, ODD_KEY, TOO_DEEP } from './yaml-faults.ts';

/** A place in the text: the line, counted from 1, and the offset in characters. */
export interface Place {
  readonly line: number;
  readonly offset: number;
}

export interface YamlFile {
  /** Undefined when the text is not valid YAML. */
  readonly value?: unknown;
  readonly problems: readonly (Place & { readonly path: KeyPath; readonly what: Text })[];
  /** The place of a key; for an absent key, the place of what should contain it. */
  placeOf(path: KeyPath): Place;
}

/** Most syntax errors that are reported: further ones are usually consequences of the first. */
const MOST_FAULTS = 10;

/** Parses YAML 1.2, and JSON, which is a subset of it. Never throws: the result holds the problems of the text. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const found = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    // Even if the file claims an older version: `yes` is a string, and 0640 is not an octal number.
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    prettyErrors: false,
    // The library compares every key with every other; `readMap` finds duplicates instead.
    uniqueKeys: false,
    logLevel: 'error',
  });
  const at = (offset: number): Place => ({ line: Math.max(1, lines.linePos(offset).line), offset });
  const faults = faultsOf(found, text).map((fault) => ({ ...fault, ...at(fault.offset) }));
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

/** The node that each alias stands for. */
export type Aliases = ReadonlyMap<Alias, Node>;

export interface Plain {
  readonly value: unknown;
  readonly problems: readonly Misplaced[];
  readonly aliases: Aliases;
}

/**
 * Most nodes that aliases may add to those written in the file. Two thousand accounts may share a proxy in this way.
 */
const MOST_REPEATED = 100_000;

/** Most levels of nesting; several times as many as the schema has. */
const DEEPEST = 64;

const MERGE: Text = {
  en: 'merge keys (<<) are not known here: say it in each, or in platform at the top, which counts for all',
  zh: '这里不支持合并键（<<）：在每处分别写，或写在顶层的 platform 里，它对全部生效',
};
const TOO_LARGE: Text = {
  en: 'is made too large by aliases (*name): write less of it, or write it out',
  zh: '别名（*name）使它变得太大：减少别名，或直接写出内容',
};
const NO_ANCHOR: Text = {
  en: 'is an alias for nothing: what begins with * must be in quotes',
  zh: '是没有对应锚点的别名：以 * 开头的值要加引号',
};

/**
 * Converts nodes to plain values without trusting them: a node that repeats a key, contains itself or is too large is
 * reported as a problem and left out.
 */
function plainValue(root: Node | null): Plain {
  const problems: Misplaced[] = [];
  const anchors = new Map<string, Node>();
  const aliases = new Map<Alias, Node>();
  let repeated = 0;
  let isTooLarge = false;

  function refuse(node: Node, path: KeyPath, what: Text): undefined {
    problems.push({ path, what, offset: startOf(node) });
  }

  function read(node: Node, path: KeyPath, inAlias: boolean): unknown {
    if (isTooLarge) return undefined;
    if (path.length > DEEPEST) return refuse(node, path.slice(0, 3), TOO_DEEP);
    if (inAlias && ++repeated > MOST_REPEATED) {
      isTooLarge = true;
      return refuse(node, path, TOO_LARGE);
    }
    if (isAlias(node)) return readAlias(node, path);
    // From here on the anchor stands for this node. Inside an alias its anchors are known already.
    if (!inAlias && node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isMap(node)) return readMap(node, path, inAlias);
    if (isSeq(node)) return node.items.map((item, index) => readPart(item, [...path, index], inAlias));
    if (!isScalar(node)) return undefined;
    // What aliases repeat stays one string.
    if (!inAlias) node.value = detached(node.value);
    return node.value;
  }

  function readAlias(alias: Alias, path: KeyPath): unknown {
    const target = aliases.get(alias) ?? anchors.get(alias.source);
    if (!target) return refuse(alias, path, NO_ANCHOR);
    aliases.set(alias, target);
    return read(target, path, true);
  }

  function readMap(map: YAMLMap, path: KeyPath, inAlias: boolean): unknown {
    const found = new Map<string, unknown>();
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      if (!inAlias && isScalar(key) && key.anchor !== undefined) anchors.set(key.anchor, key);
      const name = nameOf(key);
      if (name === undefined) refuse(key, path, ODD_KEY);
      else if (name === '<<') refuse(key, path, MERGE);
      else if (found.has(name)) refuse(key, [...path, name], DUPLICATE);
      else found.set(name, readPart(value, [...path, name], inAlias));
    }
    // `fromEntries` makes even a key named __proto__ an ordinary key.
    return Object.fromEntries(found);
  }

  function readPart(node: unknown, path: KeyPath, inAlias: boolean): unknown {
    return isNode(node) ? read(node, path, inAlias) : null;
  }

  const value = root === null ? null : read(root, [], false);
  return { value: isTooLarge ? undefined : value, problems, aliases };
}

/** Copies a string, since the parser's are slices: as long as one account has one, the whole text stays in memory. */
function detached(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(JSON.stringify(value)) : value;
}

function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

/** The text of a key; a key that is a number or another scalar counts as text as well. */
function nameOf(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}

function isNode(node: unknown): node is Node {
  return isAlias(node) || isMap(node) || isSeq(node) || isScalar(node);
}
