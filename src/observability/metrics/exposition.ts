import { setImmediate } from 'node:timers/promises';

/** One value of a metric, with its labels. */
export interface Sample {
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  readonly value: number;
}

/** A metric with one or a few series for each credential. */
export interface Family {
  readonly name: string;
  /** One line. */
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** Consumed one by one, with turns of the event loop in between. */
  samples(): Promise<Iterable<Sample>> | Iterable<Sample>;
}

/**
 * Lines between two turns of the event loop: with thousands of credentials, one whole metric at once would block other
 * work.
 */
const SLICE = 500;

/**
 * Renders metrics in the text format of Prometheus (0.0.4), in slices that let other work run in between. They stay
 * slices: joining and encoding ten megabytes at once takes longer than all that comes before.
 * @param rest metrics that are in that format already; they are appended
 */
export async function expose(families: readonly Family[], rest: string): Promise<readonly Buffer[]> {
  const slices: Buffer[] = [];
  const add = (...lines: readonly string[]) => slices.push(Buffer.from(`${lines.join('\n')}\n`));
  for (const { name, help, type, samples } of families) {
    let lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
    for (const sample of await samples()) {
      lines.push(lineOf(name, sample));
      if (lines.length < SLICE) continue;
      add(...lines);
      lines = [];
      await setImmediate();
    }
    add(...lines, '');
  }
  slices.push(Buffer.from(rest));
  return slices;
}

function lineOf(name: string, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(String(text))}"`);
  return `${name}{${pairs.join()}} ${value}`;
}

const SPECIAL = /[\\"\n]/g;

function escaped(text: string): string {
  return text.replace(SPECIAL, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
