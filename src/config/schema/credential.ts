import * as v from 'valibot';
import { LONGEST_ABSENCE } from '../../core/listing.ts';
import { en, joined, oneOf, type Text, zh } from '../../core/text.ts';
import type { CredentialKind, IdKey } from '../../providers/kind.ts';
import { ALL_TICKETS, credentialKinds, DEFAULT_KIND, manyKinds } from '../../providers/kinds.ts';
import { AppId } from '../../schema/app-id.ts';
import { inWords, key, list, mapping, mustBeOneOf, preset } from '../../schema/blocks.ts';
import { say } from '../../schema/message.ts';
import {
  AbsolutePath,
  DailyCalls,
  durationUpTo,
  Flag,
  ForcedCalls,
  Name,
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

const Ticket = v.picklist([...ALL_TICKETS], say(ticketsInWords()));

/** The tickets of the types that have some, each list with its types, that of the default type first. */
function ticketLists(): readonly { readonly tickets: readonly string[]; readonly own: readonly string[] }[] {
  const owners = new Map<string, string[]>();
  const lists = new Map<string, readonly string[]>();
  for (const { type, tickets } of credentialKinds) {
    if (tickets.length === 0) continue;
    const known = tickets.join();
    lists.set(known, tickets);
    owners.set(known, [...(owners.get(known) ?? []), type]);
  }
  return [...owners].map(([known, own]) => ({ tickets: lists.get(known) ?? [], own }));
}

function isUsual(own: readonly string[]): boolean {
  return own.includes(DEFAULT_KIND.type);
}

/** What a ticket must be: `must be jsapi or wx_card, for wecom corp_jsapi or agent_config`. */
function ticketsInWords(): Text {
  const said = ticketLists().map(({ tickets, own }): Text => {
    const what = oneOf(tickets);
    if (isUsual(own)) return what;
    return { en: en`for ${own.join(', ')} ${what}`, zh: zh`${own.join('、')} 为 ${what}` };
  });
  const all = joined(said, { en: ', ', zh: '；' });
  return { en: en`must be ${all}`, zh: zh`必须是 ${all}` };
}

/** Lists the tickets for a description: `jsapi and wx_card, for wecom corp_jsapi and agent_config`. */
function ticketsDescribed(): string {
  return ticketLists()
    .map(({ tickets, own }) => `${isUsual(own) ? '' : `for ${own.join(', ')} `}${tickets.join(' and ')}`)
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

const ACCOUNTS: Text = {
  en: `must be ${LISTED}, or a list of AppIDs`,
  zh: `必须是 ${LISTED}，或 AppID 的列表`,
};

/** The keys that only one type has; the kinds define them. */
const own: v.ObjectEntries = Object.assign({}, ...credentialKinds.map(({ options }) => options));

const common = {
  name: key(Name, 'What this credential is called in logs, metrics and on the command line; unique.'),
  title: key(
    Title,
    'What people call it, like "某某商城 服务号": on the page, in status, check and logs. Machines go by the name.',
  ),
  type: preset(
    v.picklist(types, mustBeOneOf(types)),
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
      say({
        en: `must be ${LISTED}, or a list of AppIDs in its place`,
        zh: `必须是 ${LISTED}，或者写 AppID 的列表`,
      }),
    ),
    `Which accounts ${inWords([...manyKinds.keys()])} stands for: ${LISTED}, all that the platform lists; or a list of AppIDs. Default: ${LISTED}.`,
  ),
  removeAfter: key(
    durationUpTo(LONGEST_ABSENCE, { en: 'must be at most 720h', zh: '最长 720h' }),
    `How long ${inWords([...manyKinds.keys()])} serves an account that the platform no longer lists; after that what was published for it is removed, but only on the word of another whole list. Default: 168h.`,
  ),
  ticket: key(
    mapping({
      file: key(
        AbsolutePath,
        'File in which an app leaves the newest ticket: the ticket alone, or JSON with ticket and create_time. It is read and left. Each third party has one of its own.',
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
    list(Ticket, { en: 'must be a list of tickets', zh: '必须是 ticket 的列表' }),
    `Tickets that are fetched with its token: ${ticketsDescribed()}. Each needs an entry in publish.`,
    [],
  ),
  platform: preset(
    PlatformOverrides,
    'What is different from the platform at the top, for this credential.',
    {},
  ),
  from: key(Mirrored, 'Where a mirror reads. It needs no AppSecret and asks no platform.'),
  publish: key(
    list(Target, { en: 'must be a list of targets', zh: '必须是发布目标的列表' }),
    'Where the token and its tickets are published.',
  ),
  notify: preset(
    list(Notification, { en: 'must be a list of who is told', zh: '必须是通知对象的列表' }),
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
