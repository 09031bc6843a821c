import { COMMON_OPTIONS, type CommandForm, type OptionForm } from './form.ts';

/** Columns of the narrowest terminal that people use. */
const WIDTH = 80;

/** Column at which the second column starts; what is longer than the first gets a line of its own. */
const INDENT = 24;

/** Breaks a text into lines of at most so many columns; a word that is longer keeps a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A row of two columns. */
function row(first: string, second: string, indent = INDENT): string[] {
  const lines = wrap(second, WIDTH - indent);
  const head = `  ${first}`;
  const [start = ''] = lines;
  const padded = lines.map((line) => `${' '.repeat(indent)}${line}`);
  return head.length + 2 > indent
    ? [head, ...padded]
    : [`${head.padEnd(indent)}${start}`, ...padded.slice(1)];
}

/** How an option is written, as `--config FILE` or `-h, --help`. */
export function spelling(name: string, option: OptionForm & { readonly short?: string }): string {
  const long = `--${name}${option.value ? ` ${option.value.name}` : ''}`;
  return option.short === undefined ? long : `-${option.short}, ${long}`;
}

/** What follows the name of a command, as `[OPTIONS] [NAME…]`. */
export function synopsis({ argument }: CommandForm): string {
  return ['[OPTIONS]', ...(argument ? [`[${argument.name}${argument.multiple ? '…' : ''}]`] : [])].join(' ');
}

/** The options of a command and those that all commands take. */
export function allOptions(form: CommandForm): readonly [string, OptionForm][] {
  return [...Object.entries(form.options), ...Object.entries(COMMON_OPTIONS)];
}

/** The help of a command, in lines of at most 80 columns but for examples, which are for copying. */
export function helpOf(form: CommandForm): string {
  const { name, description, argument, exits, examples } = form;
  const lines = [
    `wx-token-sidecar ${name} ${synopsis(form)}`,
    ...description.flatMap((paragraph) => ['', ...wrap(paragraph, WIDTH)]),
    '',
    ...(argument ? row(argument.name, argument.what) : []),
    ...allOptions(form).flatMap(([option, of]) => row(spelling(option, of), of.what)),
    '',
    'Examples:',
    ...examples.flatMap(({ what, command }) => [...wrap(`  # ${what}`, WIDTH), `  ${command}`]),
    '',
    'Exit codes:',
    ...exits.flatMap(({ code, what }) => row(String(code), what, 6)),
  ];
  return `${lines.join('\n')}\n`;
}

/** The help of the program: what its commands are for. */
export function overview(forms: readonly CommandForm[]): string {
  const lines = [
    PURPOSE,
    '',
    '  wx-token-sidecar [COMMAND] [OPTIONS]',
    '',
    ...forms.flatMap(({ name, summary }) => row(name, summary, 14)),
    '',
    ...Object.entries(COMMON_OPTIONS).flatMap(([name, option]) =>
      row(spelling(name, option), option.what, 14),
    ),
    '',
    ...wrap(SETTINGS, WIDTH),
  ];
  return `${lines.join('\n')}\n`;
}

export const PURPOSE = 'wx-token-sidecar keeps WeChat credentials fresh in files.';

export const SETTINGS =
  'One account is configured by environment variables, WXTOKEN_APPID and WXTOKEN_SECRET_FILE first of all; many by a YAML or JSON file, --config FILE.';
