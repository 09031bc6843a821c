import { dirname, join } from 'node:path';
import { type Cleaned, clean } from './clean.ts';
import { type Complain, type KeyPath, pathKey } from './key-path.ts';
import { isPart } from './mapping.ts';
import { ACCOUNT, ACCOUNT_VARIABLES, GENERAL_VARIABLES, type Given, type Variable } from './variables.ts';

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
    wrong: isWrongId ? new Set([...wrong, pathKey([...ACCOUNT, 'corpId'])]) : wrong,
  };
}

function say(document: Part, given: Given, variables: Readonly<Record<string, Variable>>): Part {
  for (const [name, { path, read }] of Object.entries(variables)) {
    const text = given[name];
    if (text !== undefined) put(document, path, read ? read(text) : text);
  }
  return document;
}

/** What the schema says in more words: one set of variables serves every type of credential. */
function finished({ appId, secretFile, secretEnv, ahead, rotationWindow, ...rest }: Part): Part {
  const { type = 'stable-token', allowForce, allowUncoordinated, publish, ...plain } = rest;
  const isClassic = type === 'access-token';
  return {
    ...plain,
    type,
    [type === 'wecom' ? 'corpId' : 'appId']: appId,
    // The file goes first where both are given.
    ...(secretFile === undefined ? { secretEnv } : { secretFile }),
    ...(isClassic ? { ahead, allowUncoordinated } : {}),
    ...(type === 'stable-token' ? { rotationWindow, allowForce } : {}),
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
