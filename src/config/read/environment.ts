import { dirname, join } from 'node:path';
import { closest, didYouMean } from '../../core/closest.ts';
import { type Text, verbatim } from '../../core/text.ts';
import { credentialKinds, DEFAULT_KIND } from '../../providers/kinds.ts';
import { type Complain, type KeyPath, pathKey } from '../../schema/key-path.ts';
import { endsProblem } from '../../schema/odd-text.ts';
import type { Problem } from '../config-error.ts';
import { type Cleaned, clean } from './clean.ts';
import { isPart } from './mapping.ts';

/** An environment variable that sets a key of the configuration. */
export interface Variable {
  readonly path: KeyPath;
  /** Converts the text to the value of the key. Text that cannot be converted stays text, which the schema refuses. */
  readonly read?: (text: string) => unknown;
}

/** Begins the names of all variables. */
const PREFIX = 'WXTOKEN_';

/** The place of the one account that the environment can describe. */
export const ACCOUNT: KeyPath = ['credentials', 0];
const TARGET: KeyPath = [...ACCOUNT, 'publish', 0];

/** The variables that describe one account; they cannot be combined with a list of accounts in a file. */
export const ACCOUNT_VARIABLES: Readonly<Record<string, Variable>> = {
  WXTOKEN_APPID: { path: [...ACCOUNT, 'appId'] },
  WXTOKEN_SECRET_FILE: { path: [...ACCOUNT, 'secretFile'] },
  // The schema has no key for a literal secret, so `secretEnv` names this variable, as it would name any other.
  WXTOKEN_SECRET: { path: [...ACCOUNT, 'secretEnv'], read: () => 'WXTOKEN_SECRET' },
  WXTOKEN_TYPE: { path: [...ACCOUNT, 'type'] },
  WXTOKEN_FILE: { path: [...TARGET, 'path'] },
  WXTOKEN_FILE_MODE: { path: [...TARGET, 'mode'] },
  WXTOKEN_FILE_GROUP: { path: [...TARGET, 'group'] },
  WXTOKEN_TICKETS: { path: [...ACCOUNT, 'tickets'], read: asList },
  WXTOKEN_AHEAD: { path: [...ACCOUNT, 'ahead'] },
  WXTOKEN_ROTATION_WINDOW: { path: [...ACCOUNT, 'rotationWindow'] },
  WXTOKEN_ALLOW_UNCOORDINATED: { path: [...ACCOUNT, 'allowUncoordinated'], read: asFlag },
  WXTOKEN_ALLOW_FORCE: { path: [...ACCOUNT, 'allowForce'], read: asFlag },
  WXTOKEN_FETCHES_PER_DAY: { path: [...ACCOUNT, 'budget', 'fetchesPerDay'], read: asCount },
  WXTOKEN_FORCED_PER_DAY: { path: [...ACCOUNT, 'budget', 'forcedPerDay'], read: asCount },
};

/** The variables that override a key of the file. */
export const GENERAL_VARIABLES: Readonly<Record<string, Variable>> = {
  WXTOKEN_API_BASE_URL: { path: ['platform', 'baseUrl'] },
  WXTOKEN_API_FALLBACK_URLS: { path: ['platform', 'fallbackUrls'], read: asList },
  WXTOKEN_PROXY: { path: ['platform', 'proxy'] },
  WXTOKEN_CA_FILE: { path: ['platform', 'caFile'] },
  WXTOKEN_IPV4_FIRST: { path: ['platform', 'ipv4First'], read: asFlag },
  WXTOKEN_SCHEDULE: { path: ['schedule'] },
  WXTOKEN_ON_HUP: { path: ['onHangup'] },
  WXTOKEN_STATE_DIR: { path: ['stateDir'] },
  WXTOKEN_LANGUAGE: { path: ['language'] },
  WXTOKEN_FEEDBACK_DIR: { path: ['feedback', 'directory'] },
  WXTOKEN_LISTEN: { path: ['http', 'listen'] },
  WXTOKEN_ALLOWED_HOSTS: { path: ['http', 'allowedHosts'], read: asList },
  WXTOKEN_LOG_LEVEL: { path: ['log', 'level'] },
  WXTOKEN_LOG_FORMAT: { path: ['log', 'format'] },
};

/** The variable that names the configuration file. */
export const CONFIG_VARIABLE = 'WXTOKEN_CONFIG';

/** The names of all variables. */
export const VARIABLES: readonly string[] = [
  CONFIG_VARIABLE,
  ...Object.keys(ACCOUNT_VARIABLES),
  ...Object.keys(GENERAL_VARIABLES),
];

/** Whether the variable describes one account, so that it cannot be combined with a list of accounts in a file. */
export function isAccountVariable(name: string): boolean {
  return Object.hasOwn(ACCOUNT_VARIABLES, name);
}

/** Values of the variables that begin with `WXTOKEN_`, by name. */
export type Given = Readonly<Record<string, string>>;

/** Picks the variables of this program out of the environment. An empty variable counts as unset. */
export function givenVariables(environment: Readonly<Record<string, string | undefined>>): Given {
  const found = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[0].startsWith(PREFIX) && Boolean(entry[1]),
  );
  return Object.fromEntries(found);
}

function asList(text: string): string[] | string {
  // A list in quotes is refused as a whole: its parts would tell nothing of them.
  if (endsProblem(text.trim()) !== undefined) return text.trim();
  return text.split(',').map((item) => item.trim());
}

function asFlag(text: string): unknown {
  return text === 'true' ? true : text === 'false' ? false : text;
}

function asCount(text: string): unknown {
  return /^\d{1,7}$/.test(text) ? Number(text) : text;
}

type Part = Record<string | number, unknown>;

/** Makes the part of the configuration that the environment sets for all accounts. */
export function generalSettings(given: Given, complain: Complain): Cleaned {
  return clean(say({}, given, GENERAL_VARIABLES), complain);
}

/**
 * Makes the part of the configuration that describes the one account of the environment: a credential named
 * `default`.
 */
export function accountSettings(given: Given, complain: Complain): Cleaned {
  const document: Part = {};
  const target = { type: 'file', path: '/var/run/wx/token' };
  document[ACCOUNT[0] ?? ''] = [{ name: 'default', publish: [target] }];
  const { value, wrong } = clean(say(document, given, ACCOUNT_VARIABLES), complain);
  const isWrongId = wrong.has(pathKey([...ACCOUNT, 'appId']));
  return {
    value: { credentials: [finished(partAt(value, ACCOUNT))] },
    wrong: isWrongId ? new Set([...wrong, ...idPaths()]) : wrong,
  };
}

function say(document: Part, given: Given, variables: Readonly<Record<string, Variable>>): Part {
  for (const [name, { path, read }] of Object.entries(variables)) {
    const text = given[name];
    if (text !== undefined) put(document, path, read ? read(text) : text);
  }
  return document;
}

/** The paths of the keys that may name the account: which one does depends on the type. */
function idPaths(): string[] {
  return credentialKinds.map(({ id }) => pathKey([...ACCOUNT, id.key]));
}

/**
 * Fits the account to its type, since one set of variables serves every type of credential but the schema tells them
 * apart.
 */
function finished({ appId, secretFile, secretEnv, publish, ...rest }: Part): Part {
  const { type = DEFAULT_KIND.type, ...settings } = rest;
  const kind = credentialKinds.find((one) => one.type === type);
  const others = credentialKinds.filter((one) => one !== kind).flatMap(({ options }) => Object.keys(options));
  const foreign = new Set(others.filter((name) => !Object.hasOwn(kind?.options ?? {}, name)));
  const plain = Object.fromEntries(Object.entries(settings).filter(([name]) => !foreign.has(name)));
  return {
    ...plain,
    type,
    [(kind ?? DEFAULT_KIND).id.key]: appId,
    // WXTOKEN_SECRET_FILE wins when both are set.
    ...(secretFile === undefined ? { secretEnv } : { secretFile }),
    publish: Array.isArray(publish) ? publish.flatMap((target) => withTickets(target, plain['tickets'])) : [],
  };
}

/** Adds a file for each ticket, beside that of the token and named after the kind of the ticket. */
function withTickets(target: Part, tickets: unknown): Part[] {
  const { path } = target;
  if (typeof path !== 'string' || !Array.isArray(tickets)) return [target];
  const known = new Set(tickets.filter((kind) => typeof kind === 'string'));
  return [target, ...[...known].map((of) => ({ ...target, of, path: join(dirname(path), `${of}_ticket`) }))];
}

function put(document: Part, path: KeyPath, value: unknown): void {
  const [step = '', ...rest] = path;
  if (rest.length === 0) document[step] = value;
  else {
    document[step] ??= {};
    const next = document[step];
    if (isPart(next)) put(next, rest, value);
  }
}

function partAt(document: unknown, path: KeyPath): Part {
  const found = path.reduce<unknown>((part, step) => (isPart(part) ? part[step] : undefined), document);
  return isPart(found) ? found : {};
}

/**
 * The variables that Kubernetes injects into every pod for a Service whose name begins with `wxtoken`. They cannot be
 * told from a typing mistake otherwise: a Service named `wxtoken-schedule` injects WXTOKEN_SCHEDULE_PORT.
 */
const INJECTED =
  /^WXTOKEN(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

const NOT_KNOWN: Text = { en: 'is not a variable of this program', zh: '不是本程序的变量' };

/** What all have in common makes none of them more like another. */
function bare(name: string): string {
  return name.slice(PREFIX.length);
}

/**
 * Reports each unknown variable with the one that was probably meant: a typing mistake must not be ignored silently.
 */
export function unknownNames(given: readonly string[], known: readonly string[]): Problem[] {
  return given
    .filter((name) => !known.includes(name) && !INJECTED.test(name))
    .map((name) => {
      const meant = closest(bare(name), known.map(bare));
      return {
        where: verbatim(name),
        what: didYouMean(NOT_KNOWN, meant === undefined ? [] : [PREFIX + meant]),
      };
    });
}
