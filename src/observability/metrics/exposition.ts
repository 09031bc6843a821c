import { setImmediate } from 'node:timers/promises';

/** One number of a metric, with the labels that tell it from the others. */
export interface Sample {
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  readonly value: number;
}

/** A metric that has as many series as there are credentials, or a few times as many. */
export interface Family {
  readonly name: string;
  /** One line. */
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** Taken one by one, while others get their turn in between. */
  samples(): Promise<Iterable<Sample>> | Iterable<Sample>;
}

/** Lines between two turns of others: of thousands of credentials one whole metric would stand in their way. */
const SLICE = 500;

/**
 * The text format of Prometheus (0.0.4), made in slices.
 * @param rest what is in that format already, to be put at the end
 */
export async function expose(families: readonly Family[], rest: string): Promise<string> {
  const texts: string[] = [];
  for (const { name, help, type, samples } of families) {
    let lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
    for (const sample of await samples()) {
      lines.push(lineOf(name, sample));
      if (lines.length < SLICE) continue;
      texts.push(lines.join('\n'));
      lines = [];
      await setImmediate();
    }
    texts.push(...lines, '');
  }
  const text = [...texts, rest].join('\n');
  await setImmediate();
  return text;
}

function lineOf(name: string, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(String(text))}"`);
  return `${name}{${pairs.join()}} ${value}`;
}

const SPECIAL = /[\\"\n]/g;

function escaped(text: string): string {
  return text.replace(SPECIAL, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
