import { dirname, join } from 'node:path';
import { credentialKinds, DEFAULT_KIND } from '../../providers/kinds.ts';
import type { Problem } from '../config-error.ts';
import { type Complain, type KeyPath, pathKey } from '../key-path.ts';
import { type Cleaned, clean, closest } from './clean.ts';
import { isPart } from './mapping.ts';

/** A variable, as another way to say what a key of the configuration says. */
export interface Variable {
  readonly path: KeyPath;
  /** Turns its text into what the key holds; what cannot be turned stays text, which the schema refuses. */
  readonly read?: (text: string) => unknown;
}

/** The only account that the environment can describe. */
export const ACCOUNT: KeyPath = ['credentials', 0];
const TARGET: KeyPath = [...ACCOUNT, 'publish', 0];

/** What describes one account, and cannot stand beside a list of accounts. */
export const ACCOUNT_VARIABLES: Readonly<Record<string, Variable>> = {
  WXTOKEN_APPID: { path: [...ACCOUNT, 'appId'] },
  WXTOKEN_SECRET_FILE: { path: [...ACCOUNT, 'secretFile'] },
  // The schema knows no literal secrets: this one is named, as any other variable that holds one.
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

/** What goes before the same key of a file. */
export const GENERAL_VARIABLES: Readonly<Record<string, Variable>> = {
  WXTOKEN_API_BASE_URL: { path: ['platform', 'baseUrl'] },
  WXTOKEN_API_FALLBACK_URLS: { path: ['platform', 'fallbackUrls'], read: asList },
  WXTOKEN_PROXY: { path: ['platform', 'proxy'] },
  WXTOKEN_CA_FILE: { path: ['platform', 'caFile'] },
  WXTOKEN_IPV4_FIRST: { path: ['platform', 'ipv4First'], read: asFlag },
  WXTOKEN_SCHEDULE: { path: ['schedule'] },
  WXTOKEN_STATE_DIR: { path: ['stateDir'] },
  WXTOKEN_FEEDBACK_DIR: { path: ['feedback', 'directory'] },
  WXTOKEN_LISTEN: { path: ['http', 'listen'] },
  WXTOKEN_LOG_LEVEL: { path: ['log', 'level'] },
  WXTOKEN_LOG_FORMAT: { path: ['log', 'format'] },
};

export const CONFIG_VARIABLE = 'WXTOKEN_CONFIG';

/** All that there are. */
export const VARIABLES: readonly string[] = [
  CONFIG_VARIABLE,
  ...Object.keys(ACCOUNT_VARIABLES),
  ...Object.keys(GENERAL_VARIABLES),
];

export function isAccountVariable(name: string): boolean {
  return Object.hasOwn(ACCOUNT_VARIABLES, name);
}

/** Values of variables of ours by their names. */
export type Given = Readonly<Record<string, string>>;

/** Those that are empty count as unset. */
export function givenVariables(environment: Readonly<Record<string, string | undefined>>): Given {
  const found = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[0].startsWith('WXTOKEN_') && Boolean(entry[1]),
  );
  return Object.fromEntries(found);
}

function asList(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

function asFlag(text: string): unknown {
  return text === 'true' ? true : text === 'false' ? false : text;
}

function asCount(text: string): unknown {
  return /^\d{1,7}$/.test(text) ? Number(text) : text;
}

type Part = Record<string | number, unknown>;

/** The part of a document that the environment says for all accounts. */
export function generalSettings(given: Given, complain: Complain): Cleaned {
  return clean(say({}, given, GENERAL_VARIABLES), complain);
}

/** The part of a document that describes the one account of the environment: a credential called `default`. */
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

/** The key that names the account, whichever it is for the type. */
function idPaths(): string[] {
  return credentialKinds.map(({ id }) => pathKey([...ACCOUNT, id.key]));
}

/** What the schema says in more words: one set of variables serves every type of credential. */
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
    // The file goes first where both are given.
    ...(secretFile === undefined ? { secretEnv } : { secretFile }),
    publish: Array.isArray(publish) ? publish.flatMap((target) => withTickets(target, plain['tickets'])) : [],
  };
}

/** Each ticket lies beside the token, under a name that tells what it is. */
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
 * What Kubernetes injects into every pod for a Service whose name begins with `wxtoken`. One that is called
 * `wxtoken-schedule` brings WXTOKEN_SCHEDULE_PORT: nothing tells that from a typing mistake.
 */
const INJECTED =
  /^WXTOKEN(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** A typing mistake must not be silent: every variable of ours that is none, with the one that was probably meant. */
export function unknownNames(given: readonly string[], known: readonly string[]): Problem[] {
  return given
    .filter((name) => !known.includes(name) && !INJECTED.test(name))
    .map((name) => {
      const meant = closest(name, known);
      return {
        where: name,
        what: `is not a variable of this program${meant ? `; did you mean ${meant}?` : ''}`,
      };
    });
}
