import { en, type Language, type Text, zh } from '../../core/text.ts';
import type { Said, SaidFact } from './findings.ts';

/** What was found about one of several credentials. */
export interface Named {
  readonly name: string;
  readonly found: Said;
}

/** How many credentials must share a finding, so that it is said once instead. */
const FEWEST = 3;

/** Facts that stay where they are: whoever looks at a credential looks for its answer. */
const OWN: ReadonlySet<string> = new Set(['answer', '应答']);

/**
 * Takes out what is the same for several credentials, so that thirty credentials do not say one thing thirty times.
 * Of facts that differ in nothing but the path which they begin with, each credential keeps its path. Warnings may
 * differ in any path, and that of the first credential is then shown. Times that answers took are shown as a range.
 * @returns the findings without what is shared, in the same order, and the shared ones, which name their credentials
 */
export function takeCommon(
  named: readonly Named[],
  language: Language,
): { readonly rest: readonly Said[]; readonly common: Said } {
  const facts = group(named, ({ found }) => blocksOf(found.facts), keyOfBlock);
  const leftOf = ({ found }: Named) => blocksOf(found.facts).filter((block) => !facts.has(keyOfBlock(block)));
  const said = group(named, (one) => leftOf(one).map(withoutPath), keyOfBlock);
  const warnings = group(named, ({ found }) => found.warnings, withoutPaths);
  const whose = ({ names }: Shared<unknown>) => {
    const others = named.map(({ name }) => name).filter((name) => !names.includes(name));
    if (others.length >= FEWEST || others.length * 2 > named.length) return names.join(BETWEEN[language]);
    return allBut(named.length, others)[language];
  };
  return {
    rest: named.map((one) => ({
      facts: leftOf(one).flatMap((block) =>
        said.has(keyOfBlock(withoutPath(block))) ? pathOf(block) : block,
      ),
      warnings: one.found.warnings.filter((warning) => !warnings.has(withoutPaths(warning))),
    })),
    common: {
      facts: [...facts.values(), ...said.values()].flatMap((shared) =>
        withOwners(joined(shared.values, language), whose(shared), language),
      ),
      warnings: [...warnings.values()].map((shared) => {
        const isEqual = new Set(shared.values).size === 1;
        const about: Text = isEqual ? NOTHING : OWN_PATHS;
        return owned(`${shared.values[0]}`, `${whose(shared)}${about[language]}`)[language];
      }),
    },
  };
}

const BETWEEN: Text = { en: ', ', zh: '、' };
const NOTHING: Text = { en: '', zh: '' };
const OWN_PATHS: Text = { en: ', with paths of their own', zh: '，路径各不相同' };

function allBut(count: number, others: readonly string[]): Text {
  if (others.length === 0) return { en: `all ${count}`, zh: `全部 ${count} 份` };
  return {
    en: `all ${count} but ${others.join(BETWEEN.en)}`,
    zh: `全部 ${count} 份，${others.join(BETWEEN.zh)} 除外`,
  };
}

function owned(text: string, whose: string): Text {
  return { en: en`${text} (${whose})`, zh: zh`${text}（${whose}）` };
}

/** One finding in the words of each credential that has it, and the names of these. */
interface Shared<T> {
  readonly names: string[];
  readonly values: T[];
}

/** Returns what enough credentials share, by key. A credential that has it twice counts once. */
function group<T>(
  named: readonly Named[],
  valuesOf: (one: Named) => readonly T[],
  keyOf: (value: T) => string,
): ReadonlyMap<string, Shared<T>> {
  const groups = new Map<string, Shared<T>>();
  for (const one of named) {
    for (const value of valuesOf(one)) {
      const shared = groups.get(keyOf(value)) ?? { names: [], values: [] };
      groups.set(keyOf(value), shared);
      if (shared.names.at(-1) !== one.name) shared.names.push(one.name);
      shared.values.push(value);
    }
  }
  return new Map([...groups].filter(([key, { names }]) => key !== '' && names.length >= FEWEST));
}

/** A fact and the lines without a label that belong to it. */
type Block = readonly SaidFact[];

function blocksOf(facts: readonly SaidFact[]): readonly Block[] {
  const blocks: SaidFact[][] = [];
  for (const fact of facts) {
    const last = blocks.at(-1);
    if (fact[0] === '' && last) last.push(fact);
    else blocks.push([fact]);
  }
  return blocks;
}

/** Empty for a block that is never shared. */
function keyOfBlock(block: Block): string {
  if (block.length === 0 || OWN.has(block[0]?.[0] ?? '')) return '';
  return JSON.stringify(block.map(([label, text]) => [label, text.replace(TOOK, '')]));
}

function withOwners(block: Block, whose: string, language: Language): readonly SaidFact[] {
  return block.map(([label, text], index) => [label, index === 0 ? owned(text, whose)[language] : text]);
}

/** How long an answer, or a failure, took: chance decides whether two are alike. A regular expression is ASCII in the bundle. */
const TOOK = /(?<=, (?:in|after) |\uff0c\u7528\u65f6 )(\d+)(?= (?:ms|\u6beb\u79d2)(?:: |\uff1a|$))/;

/** One block for several that differ in how long an answer took alone, with the shortest and the longest time. */
function joined(blocks: readonly Block[], language: Language): Block {
  return (blocks[0] ?? []).map(([label, text], index) => {
    const times = blocks.flatMap((block) => TOOK.exec(block[index]?.[1] ?? '')?.[1] ?? []).map(Number);
    const [least, most] = [Math.min(...times), Math.max(...times)];
    const range: Text = { en: `${least} to ${most}`, zh: `${least} 到 ${most}` };
    return [label, least < most ? text.replace(TOOK, range[language]) : text];
  });
}

/** A path, and what is said of it. */
const SAID_OF_PATH = /^(\/.*?)(?:: |\uff1a)(.+)$/s;

/** What is said of the path that a block begins with; nothing for a block that begins otherwise. */
function withoutPath(block: Block): Block {
  const [[label, text] = ['', ''], ...others] = block;
  const said = SAID_OF_PATH.exec(text)?.[2];
  return said === undefined ? [] : [[label, said], ...others];
}

/** The path alone that a block begins with. */
function pathOf([[label, text] = ['', '']]: Block): Block {
  return [[label, SAID_OF_PATH.exec(text)?.[1] ?? text]];
}

/** What two warnings of one kind have in common, whatever files they are about. */
function withoutPaths(warning: string): string {
  return warning.replace(/(?<!\S)\/[^\s\uff1a\uff0c\uff1b\u3002\uff08\uff09\u3001]+/g, '/');
}
