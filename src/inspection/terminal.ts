/** What the place can show to which is written. */
export interface Terminal {
  readonly colour: boolean;
  /** Whether characters beyond ASCII arrive. */
  readonly unicode: boolean;
  /** Columns; endless where nobody looks but a program. */
  readonly width: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Narrower than this is not worth the trouble. */
const NARROWEST = 60;

/** @param stream where it is going to be written */
export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  environment: Environment,
): Terminal {
  const { LC_ALL, LC_CTYPE, LANG, NO_COLOR, TERM } = environment;
  const isTerminal = stream.isTTY === true;
  return {
    // https://no-color.org: present and not empty.
    colour: isTerminal && !NO_COLOR && TERM !== 'dumb',
    unicode: /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '') && !(isTerminal && TERM === 'linux'),
    width: isTerminal ? Math.max(NARROWEST, stream.columns ?? 80) : Number.POSITIVE_INFINITY,
  };
}

const PAINTS = { good: 32, warning: 33, bad: 31, faint: 2, strong: 1 } as const;

export type Paint = keyof typeof PAINTS;

export function painted(text: string, paint: Paint | undefined, { colour }: Terminal): string {
  return colour && paint && text !== '' ? `\u001b[${PAINTS[paint]}m${text}\u001b[0m` : text;
}
