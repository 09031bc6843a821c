import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow';

/** Where it is drawn: standard output. */
type Out = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write' | 'hasColors'>;

export type Paint = (style: Style, text: string) => string;

export interface Screen {
  /** Columns a line may use without being wrapped. */
  readonly width: number;
  readonly paint: Paint;
  line(text: string): void;
  /** Draws over the status before; on what is no terminal it is a plain line now and then. */
  status(text: string): void;
  /** The status goes, the cursor comes back. */
  close(): void;
}

/** Moves the cursor on a terminal alone; colours there unless NO_COLOR or a poor TERM say no. */
export function createScreen(out: Out): Screen {
  return out.isTTY && process.env['TERM'] !== 'dumb' ? terminal(out) : plain(out);
}

/** Between two status lines in a log, in calls of `status`: those come every quarter of a second. */
const RARELY = 20;

function plain(out: Out): Screen {
  let calls = 0;
  return {
    width: Number.POSITIVE_INFINITY,
    paint: (_, text) => text,
    line: (text) => out.write(`${text}\n`),
    status(text) {
      if (calls % RARELY === RARELY - 1) out.write(`${text}\n`);
      calls += 1;
    },
    close: () => {},
  };
}

const USUAL_COLUMNS = 80;
const CLEAR_LINE = '\r\u001b[2K';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

function terminal(out: Out): Screen {
  let shown = '';
  const show = () => out.write(SHOW_CURSOR);
  out.write(HIDE_CURSOR);
  process.once('exit', show);
  const colours = out.hasColors();
  return {
    get width() {
      // Those that do not know say 0. Some wrap as soon as the last column is filled.
      return (out.columns || USUAL_COLUMNS) - 1;
    },
    paint: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text),
    line: (text) => out.write(`${CLEAR_LINE}${text}\n${shown}`),
    status(text) {
      shown = text;
      out.write(CLEAR_LINE + text);
    },
    close() {
      shown = '';
      out.write(CLEAR_LINE);
      process.removeListener('exit', show);
      show();
    },
  };
}
