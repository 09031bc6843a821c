import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { KeyPath } from './key-path.ts';

/** What is wrong, and where in the text. */
export interface Misplaced {
  readonly path: KeyPath;
  readonly what: string;
  readonly offset: number;
}

/** What stands for what: the node that each alias repeats. */
export type Aliases = ReadonlyMap<Alias, Node>;

export interface Plain {
  readonly value: unknown;
  readonly problems: readonly Misplaced[];
  readonly aliases: Aliases;
}

/** Nodes that aliases may bring besides those that are written. Two thousand accounts may share a proxy in this way. */
const MOST_REPEATED = 100_000;

/** Levels: several times what the schema has. */
const DEEPEST = 64;

const MERGE =
  'merge keys (<<) are not known here: say it in each, or in platform at the top, which counts for all';

/** Turns nodes into plain values, distrusting them: what repeats keys, itself or too much is a problem and left out. */
export function plainValue(root: Node | null): Plain {
  const problems: Misplaced[] = [];
  const anchors = new Map<string, Node>();
  const aliases = new Map<Alias, Node>();
  let repeated = 0;
  let isTooLarge = false;

  function refuse(node: Node, path: KeyPath, what: string): undefined {
    problems.push({ path, what, offset: startOf(node) });
  }

  function read(node: Node, path: KeyPath, inAlias: boolean): unknown {
    if (isTooLarge) return undefined;
    if (path.length > DEEPEST) return refuse(node, path.slice(0, 3), 'is nested too deeply');
    if (inAlias && ++repeated > MOST_REPEATED) {
      isTooLarge = true;
      return refuse(node, path, 'is made too large by aliases (*name): write less of it, or write it out');
    }
    if (isAlias(node)) return readAlias(node, path);
    // The name belongs to this node from here on; within a repetition it is known already.
    if (!inAlias && node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isMap(node)) return readMap(node, path, inAlias);
    if (isSeq(node)) return node.items.map((item, index) => readPart(item, [...path, index], inAlias));
    return isScalar(node) ? node.value : undefined;
  }

  function readAlias(alias: Alias, path: KeyPath): unknown {
    const target = aliases.get(alias) ?? anchors.get(alias.source);
    if (!target) return refuse(alias, path, 'is an alias for nothing: what begins with * must be in quotes');
    aliases.set(alias, target);
    return read(target, path, true);
  }

  function readMap(map: YAMLMap, path: KeyPath, inAlias: boolean): unknown {
    const found = new Map<string, unknown>();
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      if (!inAlias && isScalar(key) && key.anchor !== undefined) anchors.set(key.anchor, key);
      const name = nameOf(key);
      if (name === undefined) refuse(key, path, 'has a key that is not plain text');
      else if (name === '<<') refuse(key, path, MERGE);
      else if (found.has(name)) refuse(key, [...path, name], 'is there twice: only one of them can count');
      else found.set(name, readPart(value, [...path, name], inAlias));
    }
    // Also a key called __proto__ is but a key.
    return Object.fromEntries(found);
  }

  function readPart(node: unknown, path: KeyPath, inAlias: boolean): unknown {
    return isNode(node) ? read(node, path, inAlias) : null;
  }

  const value = root === null ? null : read(root, [], false);
  return { value: isTooLarge ? undefined : value, problems, aliases };
}

export function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

/** The text of a key; numbers and such are text here as well. */
export function nameOf(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}

function isNode(node: unknown): node is Node {
  return isAlias(node) || isMap(node) || isSeq(node) || isScalar(node);
}
