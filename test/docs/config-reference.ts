import * as v from 'valibot';
import {
  ACCOUNT_VARIABLES,
  CONFIG_VARIABLE,
  GENERAL_VARIABLES,
  type Variable,
} from '../../src/config/read/environment.ts';
import { Document } from '../../src/config/schema/index.ts';
import type { Message } from '../../src/schema/message.ts';

/** What may be asked of any schema that the configuration is made of. */
interface Schema extends v.GenericSchema {
  readonly pipe?: readonly (v.GenericSchema | Action)[];
  readonly wrapped?: Schema;
  readonly default?: unknown;
  readonly item?: Schema;
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly message?: Message;
}

interface Action {
  readonly kind: string;
  readonly type: string;
  readonly requirement?: unknown;
}

/** The keys of one object, under a heading of their own. */
interface Section {
  readonly title: string;
  readonly path: string;
  readonly text: string;
  readonly entries: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
}

const INTRO = `# Configuration reference

Every key of the configuration, with the values that it takes, its default and the variable that sets it. This page is
made of the schema by which the program reads its configuration: \`npm run schema\` writes it, and a test holds it to the
schema. \`config.schema.json\` tells editors the same.

A configuration is a file in YAML or JSON (\`--config FILE\` or \`${CONFIG_VARIABLE}\`), variables, or both. \`[]\` in a path
stands for any item of a list. A key without a default and without "required" may be left out; what it does then is in
its description. A duration is a number with \`ms\`, \`s\`, \`m\` or \`h\`.

Variables that describe an account make one credential, called \`default\`, which is published to one file,
\`/var/run/wx/token\`, and each of its tickets to \`KIND_ticket\` beside that. They cannot stand beside \`credentials\` in a
file. All other variables go before the same key of the file. An empty variable counts as unset.
`;

/** What the schema has no words for. */
const BESIDES: Readonly<Record<string, string>> = {
  'credentials[]':
    '`wecom`, `wecom-provider` and `wecom-corp` need `corpId`, `wecom-suite` needs `suiteId`, `mirror` needs `from`, all\n' +
    'others `appId`. All but `mirror`, `authorizer` and `authorizers` need `secretFile` or `secretEnv`. Those and `wecom-corp` need\n' +
    '`via`, `component` and `wecom-suite` need `ticket`.',
};

/** Where the keys of a credential depend on its type, one variable sets either. */
const OF_TYPE: Readonly<Record<string, string>> = {
  'credentials[].corpId': '`WXTOKEN_APPID`, where `WXTOKEN_TYPE` is `wecom` or `wecom-provider`',
  'credentials[].secretEnv': '`WXTOKEN_SECRET`, which holds the AppSecret itself',
};

/** Variables that are not quite what their key is. */
const OF_VARIABLE: Readonly<Record<string, string>> = {
  WXTOKEN_APPID: 'The AppID of the account; the CorpID, where the type is one of WeCom.',
  WXTOKEN_SECRET: 'The AppSecret itself. A file is better: what is in the environment shows in more places.',
};

export function configReference(): string {
  const variables = { ...ACCOUNT_VARIABLES, ...GENERAL_VARIABLES };
  const sections = sectionsOf('', '', Document as unknown as Schema);
  const parts = sections.map((section) => sectionText(section, variables));
  return [INTRO, ...parts, variablesText(variables)].join('\n');
}

/** What each variable sets, in the words of the schema. */
export function variableDescriptions(): Readonly<Record<string, string>> {
  const sections = sectionsOf('', '', Document as unknown as Schema);
  const described = new Map(
    sections.flatMap(({ path, entries }) =>
      Object.entries(entries).map(([name, schema]) => [
        path === '' ? name : `${path}.${name}`,
        descriptionOf(schema),
      ]),
    ),
  );
  const variables = Object.entries({ ...ACCOUNT_VARIABLES, ...GENERAL_VARIABLES });
  return Object.fromEntries(
    variables.map(([name, variable]) => {
      const description = OF_VARIABLE[name] ?? described.get(pathOf(variable));
      if (!description) throw new TypeError(`nothing is said of ${name}`);
      return [name, description];
    }),
  );
}

function sectionText({ title, path, text, entries, required }: Section, variables: Variables): string {
  const rows = Object.entries(entries).map(([name, schema]) => {
    const full = path === '' ? name : `${path}.${name}`;
    const cells = [
      `\`${full}\``,
      valuesOf(schema, full),
      required.includes(name) ? 'required' : defaultOf(schema),
      OF_TYPE[full] ?? variableOf(full, variables),
      plain(descriptionOf(schema)),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `## ${title}`,
    '',
    ...(text === '' ? [] : [plain(text), '']),
    ...(BESIDES[path] === undefined ? [] : [BESIDES[path], '']),
    '| key | values | default | variable | what it is |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

type Variables = Readonly<Record<string, Variable>>;

function variablesText(variables: Variables): string {
  const rows = Object.entries(variables).map(
    ([name, variable]) => `| \`${name}\` | \`${pathOf(variable)}\` |`,
  );
  return [
    '## Variables',
    '',
    '| variable | key |',
    '| --- | --- |',
    `| \`${CONFIG_VARIABLE}\` | none: it names the file |`,
    ...rows,
    '',
  ].join('\n');
}

function variableOf(path: string, variables: Variables): string {
  const names = Object.entries(variables).filter(([, variable]) => pathOf(variable) === path);
  return names.map(([name]) => `\`${name}\``).join(', ');
}

function pathOf({ path }: Variable): string {
  return path.reduce<string>((before, step) => {
    if (typeof step === 'number') return `${before}[]`;
    return before === '' ? step : `${before}.${step}`;
  }, '');
}

/** An object and those within it, in the order of the schema. */
function sectionsOf(path: string, text: string, schema: Schema): Section[] {
  const core = coreOf(schema);
  if (core.item) return sectionsOf(`${path}[]`, text, core.item);
  if (core.type === 'variant') {
    return (core.options as readonly Schema[]).flatMap((option) => {
      const type = coreOf(option).entries?.['type'];
      const literal = type && coreOf(type).literal;
      return sectionsAt(`\`${path}\` of type \`${literal}\``, path, text, option);
    });
  }
  return core.entries ? sectionsAt(path === '' ? 'At the top' : `\`${path}\``, path, text, schema) : [];
}

function sectionsAt(title: string, path: string, text: string, schema: Schema): Section[] {
  const entries = coreOf(schema).entries ?? {};
  const { required = [] } = v.getMetadata(unwrapped(schema)) as { readonly required?: readonly string[] };
  const within = Object.entries(entries).flatMap(([name, one]) =>
    sectionsOf(path === '' ? name : `${path}.${name}`, descriptionOf(one), one),
  );
  return [{ title, path, text, entries, required }, ...within];
}

function valuesOf(schema: Schema, path: string): string {
  const core = coreOf(schema);
  if (core.item) return `list of ${valuesOf(core.item, `${path}[]`)}`;
  if (core.type === 'variant' || core.entries) return linksTo(path, core);
  if (core.type === 'picklist') return (core.options ?? []).map((option) => `\`${option}\``).join(', ');
  if (core.type === 'literal') return `\`${core.literal}\``;
  if (core.type === 'boolean') return '`true`, `false`';
  if (!core.message) throw new TypeError(`${path} does not say what it must be`);
  const wanted = core.message({ lang: 'en', expected: null } as v.BaseIssue<unknown>);
  return `${plain(wanted.replace(/^must be /, ''))}${core.type === 'number' ? rangeOf(schema) : ''}`;
}

function linksTo(path: string, core: Schema): string {
  const titles = sectionsOf(path, '', core)
    .filter((section) => section.path === path)
    .map(({ title }) => title);
  return titles.map((title) => `[${title.replaceAll('`', '')}](#${anchorOf(title)})`).join(', ');
}

/** As pages make them of headings. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-');
}

function rangeOf(schema: Schema): string {
  const limit = (type: string) => actionsOf(schema).find((action) => action.type === type)?.requirement;
  return ` (${limit('min_value')} to ${limit('max_value')})`;
}

function defaultOf(schema: Schema): string {
  const value =
    schema.default ?? (v.getMetadata(unwrapped(schema)) as { readonly default?: unknown }).default;
  // What an object has by default its keys tell.
  if (value === undefined || (typeof value === 'object' && !Array.isArray(value))) return '';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `\`${JSON.stringify(value)}\``;
  return `\`${value}\``;
}

function descriptionOf(schema: Schema): string {
  return v.getDescription(unwrapped(schema)) ?? '';
}

/** Without "may be left out". */
function unwrapped(schema: Schema): Schema {
  return schema.wrapped ? unwrapped(schema.wrapped) : schema;
}

/** Without what is checked, changed and said beside it. */
function coreOf(schema: Schema): Schema {
  const [first] = unwrapped(schema).pipe ?? [];
  return first && first !== schema ? coreOf(first as Schema) : unwrapped(schema);
}

function actionsOf(schema: Schema): Action[] {
  const [first, ...rest] = unwrapped(schema).pipe ?? [];
  if (!first) return [];
  return [...(first === schema ? [] : actionsOf(first as Schema)), ...(rest as Action[])];
}

/** A text fit for a cell. */
function plain(text: string): string {
  return text.replace(/[|*<]/g, '\\$&');
}
