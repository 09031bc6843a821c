import type { KeyPath } from './key-path.ts';

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
