import * as v from 'valibot';
import { LONGEST_ABSENCE } from '../../core/listing.ts';
import type { CredentialKind, IdKey } from '../../providers/kind.ts';
import { ALL_TICKETS, credentialKinds, DEFAULT_KIND, manyKinds } from '../../providers/kinds.ts';
import { AppId } from '../../schema/app-id.ts';
import {
  AbsolutePath,
  DailyCalls,
  durationUpTo,
  Flag,
  ForcedCalls,
  inWords,
  key,
  list,
  mapping,
  Name,
  preset,
  Title,
  VariableName,
} from '../../schema/values.ts';
import { MIRROR } from '../config.ts';
import { Mirrored } from './cluster.ts';
import { PlatformOverrides } from './platform.ts';
import { PushedTo } from './push.ts';
import { Notification, Target } from './targets.ts';

const types = [...credentialKinds.map(({ type }) => type), ...manyKinds.keys(), MIRROR];

/** The keys that hold an account id, each with the types that use it. */
const ids = credentialKinds.reduce(
  (known, { id, type }) => known.set(id.key, { id, types: [...(known.get(id.key)?.types ?? []), type] }),
  new Map<string, { readonly id: IdKey; readonly types: readonly string[] }>(),
);

const Ticket = v.picklist([...ALL_TICKETS], `must be ${ticketsInWords('or')}`);

/**
 * Lists the tickets of all types, those of the default type first: `jsapi or wx_card, for wecom corp_jsapi or
 * agent_config`.
 */
function ticketsInWords(word: 'and' | 'or'): string {
  const owners = new Map<string, string[]>();
  for (const { type, tickets } of credentialKinds) {
    if (tickets.length === 0) continue;
    const what = tickets.join(` ${word} `);
    owners.set(what, [...(owners.get(what) ?? []), type]);
  }
  return [...owners]
    .map(([what, own]) => (own.includes(DEFAULT_KIND.type) ? what : `for ${own.join(', ')} ${what}`))
    .join(', ');
}

/** JSON Schema rules for editors: which id and which secret key a type needs. The program itself checks more. */
const TYPE_RULES = [
  {
    anyOf: [
      ...[...ids.values()].map(({ id, types: those }) => ({
        properties: { type: those.length === 1 ? { const: those[0] } : { enum: those } },
        required: those.includes(DEFAULT_KIND.type) ? [id.key] : ['type', id.key],
      })),
      { required: ['from'] },
      { properties: { type: { enum: [...manyKinds.keys()] } }, required: ['type', 'via'] },
    ],
  },
  {
    anyOf: [
      { required: ['secretFile'] },
      { required: ['secretEnv'] },
      { required: ['from'] },
      {
        properties: {
          type: { enum: [...typesWith(({ secretless }) => secretless === true), ...manyKinds.keys()] },
        },
        required: ['type'],
      },
    ],
  },
];

function typesWith(has: (kind: CredentialKind) => boolean): readonly string[] {
  return credentialKinds.filter(has).map(({ type }) => type);
}

/** The value of `accounts` for all that the platform lists. */
export const LISTED = 'listed';

const ACCOUNTS = `must be ${LISTED}, or a list of AppIDs`;

/** The keys that only one type has; the kinds define them. */
const own: v.ObjectEntries = Object.assign({}, ...credentialKinds.map(({ options }) => options));

const common = {
  name: key(Name, 'What this credential is called in logs, metrics and on the command line; unique.'),
  title: key(
    Title,
    'What people call it, like "某某商城 服务号": on the page, in status, check and logs. Machines go by the name.',
  ),
  type: preset(
    v.picklist(types, `must be ${inWords(types)}`),
    `${credentialKinds.map(({ type, summary }) => `${type}: ${summary}.`).join(' ')} ${[...manyKinds.values()].map(({ many }) => `${many.type}: ${many.summary}.`).join(' ')} ${MIRROR}: fetched by another daemon, and only published here.`,
    DEFAULT_KIND.type,
  ),
  secretFile: key(AbsolutePath, 'File that holds the AppSecret alone; read anew at every fetch.'),
  secretEnv: key(VariableName, 'Name of the environment variable that holds the AppSecret.'),
  via: key(
    Name,
    `Name of the credential of the third party whose token it is fetched with: ${credentialKinds
      .flatMap(({ type, via, many }) =>
        via === undefined ? [] : [`for ${many ? `${type} and ${many.type}` : type} a ${via}`],
      )
      .join(', ')}.`,
  ),
  accounts: key(
    v.union(
      [v.literal(LISTED), list(AppId, ACCOUNTS)],
      `must be ${LISTED}, or a list of AppIDs in its place`,
    ),
    `Which accounts ${inWords([...manyKinds.keys()])} stands for: ${LISTED}, all that the platform lists; or a list of AppIDs. Default: ${LISTED}.`,
  ),
  removeAfter: key(
    durationUpTo(LONGEST_ABSENCE, 'must be at most 720h'),
    `How long ${inWords([...manyKinds.keys()])} serves an account that the platform no longer lists; after that what was published for it is removed, but only on the word of another whole list. Default: 168h.`,
  ),
  ticket: key(
    mapping({
      file: key(
        AbsolutePath,
        'File in which an app leaves the newest ticket: the ticket alone, or JSON with ticket and create_time. It is read and left.',
      ),
      push: key(PushedTo, 'The platform pushes the ticket to the daemon itself, at the address of push.'),
    }),
    `Where the ticket arrives that the platform pushes: for ${inWords(typesWith(({ pushed }) => pushed !== undefined))}.`,
  ),
  optional: preset(Flag, 'true: its absence does not make the daemon unready.', false),
  budget: preset(
    mapping({
      fetchesPerDay: preset(DailyCalls, 'Calls in any 24 hours; a test account has 200.', 2000),
      forcedPerDay: preset(
        ForcedCalls,
        'Forced refreshes of a stable-token in any 24 hours; 0: it is never forced.',
        20,
      ),
    }),
    'The most that this account may cost, whatever happens.',
    {},
  ),
  tickets: preset(
    list(Ticket, 'must be a list of tickets'),
    `Tickets that are fetched with its token: ${ticketsInWords('and')}. Each needs an entry in publish.`,
    [],
  ),
  platform: preset(
    PlatformOverrides,
    'What is different from the platform at the top, for this credential.',
    {},
  ),
  from: key(Mirrored, 'Where a mirror reads. It needs no AppSecret and asks no platform.'),
  publish: key(list(Target, 'must be a list of targets'), 'Where the token and its tickets are published.'),
  notify: preset(
    list(Notification, 'must be a list of who is told'),
    'Who is told after a change has been published; never given the token.',
    [],
  ),
};

const { name, type, secretFile, secretEnv, ...rest } = common;

const Entries = mapping(
  {
    ...{ name, type },
    ...Object.fromEntries([...ids.values()].map(({ id }) => [id.key, key(AppId, id.description)])),
    ...{ secretFile, secretEnv },
    ...own,
    ...rest,
  },
  ['name', 'publish'],
);

/** The valid values of one credential. Keys that all types have are typed; keys of single types are found by name. */
export type CredentialSettings = v.InferOutput<ReturnType<typeof mapping<typeof common>>> &
  Readonly<Record<string, unknown>>;

/** Schema of an entry of `credentials`. */
export const Credential = v.pipe(
  Entries as unknown as v.GenericSchema<unknown, CredentialSettings>,
  v.metadata({ allOf: TYPE_RULES }),
);
