import { createSlices } from '../../system/time/slices.ts';

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
  /** Consumed one by one, with turns of the event loop in between: also where it takes long to find that there is none. */
  samples(): Promise<Iterable<Sample | undefined>> | Iterable<Sample | undefined>;
}

/** Lines that are joined and encoded as one. */
const JOINED = 100;

/**
 * Renders metrics in the text format of Prometheus (0.0.4), in slices that let other work run in between. They stay
 * slices: joining and encoding ten megabytes at once takes longer than all that comes before.
 * @param rest metrics that are in that format already; they are appended
 */
export async function expose(families: readonly Family[], rest: string): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = [];
  const slices = createSlices();
  // What asked for it has had its part of this turn.
  await slices.giveWay();
  for (const { name, help, type, samples } of families) {
    let text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    let lines = 0;
    for (const sample of await samples()) {
      if (sample) {
        text += lineOf(name, sample);
        lines += 1;
      }
      if (lines === JOINED) {
        pieces.push(Buffer.from(text));
        [text, lines] = ['', 0];
      }
      if (slices.isOver()) await slices.giveWay();
    }
    pieces.push(Buffer.from(`${text}\n`));
  }
  pieces.push(Buffer.from(rest));
  return pieces;
}

function lineOf(name: string, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(String(text))}"`);
  return `${name}{${pairs.join()}} ${value}\n`;
}

const SPECIAL = /[\\"\n]/g;

function escaped(text: string): string {
  return text.replace(SPECIAL, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
