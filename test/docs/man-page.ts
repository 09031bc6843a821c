import { readFileSync } from 'node:fs';
import { CONFIG_VARIABLE } from '../../src/config/read/environment.ts';
import { COMMON_OPTIONS, type CommandForm } from '../../src/usage/form.ts';
import { allOptions, PURPOSE, SETTINGS, spelling, synopsis, wrap } from '../../src/usage/help.ts';
import { FORMS } from '../../src/usage/index.ts';
import { variableDescriptions } from './config-reference.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

export const MAN_PAGE = 'docs/wx-token-sidecar.1';

/** The man page, made of what `--help` and the schema say. The version stands for a date, which it has not. */
export function manPage(): string {
  const lines = [
    '.\\" Written by `npm run pages`.',
    `.TH WX-TOKEN-SIDECAR 1 "" "wx-token-sidecar ${version}"`,
    '.SH NAME',
    escaped(PURPOSE.replace(' keeps', ' - keeps').replace(/\.$/, '')),
    '.SH SYNOPSIS',
    '.B wx-token-sidecar',
    escaped('[COMMAND] [OPTIONS]'),
    '.SH DESCRIPTION',
    escaped(SETTINGS),
    ...tagged(FORMS.map(({ name, summary }) => [name, summary])),
    '.PP',
    'Every command takes:',
    ...tagged(Object.entries(COMMON_OPTIONS).map(([name, option]) => [spelling(name, option), option.what])),
    ...FORMS.flatMap(sectionOf),
    '.SH ENVIRONMENT',
    escaped(
      'They configure one account, or set the same key of the configuration file. An empty one counts as unset.',
    ),
    ...tagged([
      [CONFIG_VARIABLE, 'The configuration file, YAML or JSON.'],
      ...Object.entries(variableDescriptions()),
    ]),
    '.SH FILES',
    ...tagged([
      [
        '/var/run/wx/token',
        'The published token, unless configured otherwise; details in token.json beside it.',
      ],
      ['/var/run/wx/.wx-token-sidecar', 'The state folder, unless configured otherwise.'],
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function sectionOf(form: CommandForm): string[] {
  const { name, description, argument, options, exits, examples } = form;
  const own = new Set(Object.keys(options));
  return [
    `.SH ${name.toUpperCase()}`,
    `.B wx-token-sidecar ${name}`,
    escaped(synopsis(form)),
    ...description.flatMap((paragraph) => ['.PP', escaped(paragraph)]),
    ...tagged([
      ...(argument ? [[argument.name, argument.what] as const] : []),
      ...allOptions(form).flatMap(([option, of]) =>
        own.has(option) ? [[spelling(option, of), of.what] as const] : [],
      ),
    ]),
    ...examples.flatMap(({ what, command }) => [
      '.PP',
      `${escaped(what)}:`,
      '.PP',
      '.EX',
      marked(command),
      '.EE',
    ]),
    '.PP',
    'Exit codes:',
    ...tagged(exits.map(({ code, what }) => [String(code), what])),
  ];
}

function tagged(rows: readonly (readonly [string, string])[]): string[] {
  return rows.flatMap(([tag, text]) => ['.TP', `.B ${marked(tag)}`, escaped(text)]);
}

/** A text in lines that can be read. */
function escaped(text: string): string {
  return wrap(text, 72).map(marked).join('\n');
}

/** A line that is no markup: its dashes are those of options, and it does not begin like a request. */
function marked(line: string): string {
  return line
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('`', '\\(ga')
    .replaceAll("'", '\\(aq')
    .replace(/^\./, '\\&.')
    .replaceAll(/[^\x20-\x7e]/gu, (character) => `\\[u${hexOf(character)}]`);
}

function hexOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
