import * as v from 'valibot';
import { MINUTE } from '../../core/time.ts';
import { ALL_TICKETS } from '../../providers/kinds.ts';
import { type FormatName, formats } from '../../publishers/formats.ts';
import type { TargetKind, Settings as TargetSettings } from '../../publishers/kind.ts';
import { targetKinds } from '../../publishers/kinds.ts';
import {
  AbsolutePath,
  durationUpTo,
  inWords,
  key,
  list,
  mapping,
  preset,
  Text,
  WebhookUrl,
} from '../../schema/values.ts';

const FORMAT =
  'raw is the value and nothing else; json, php and properties hold the times as well; env is for a shell to source; ' +
  'wechat-ruby and thinkadmin are what the gem wechat, and ThinkAdmin with WeChatDeveloper, read by themselves.';

const formatNames = Object.keys(formats) as FormatName[];

/** The keys of every target, whatever its kind. */
const common = {
  of: preset(
    v.picklist(['token', ...ALL_TICKETS], 'must be token, or one of the tickets of this credential'),
    'What it holds: the token, or a ticket that is listed in tickets.',
    'token',
  ),
  format: preset(v.picklist(formatNames, `must be ${inWords(formatNames)}`), FORMAT, 'raw'),
};

function schemaOf({ type, description, options, required, hasFormat = true }: TargetKind) {
  const literal = v.pipe(v.literal(type), v.description(description));
  const named = (isRequired: boolean) =>
    Object.fromEntries(Object.entries(options).filter(([name]) => required.includes(name) === isRequired));
  const keys = ['type', ...required] as ('type' | 'of' | 'format')[];
  const { format: _format, ...others } = common;
  const shared = hasFormat ? common : (others as typeof common);
  return mapping({ type: literal, ...named(true), ...shared, ...named(false) }, keys);
}

const types = targetKinds.map(({ type }) => type);

/** Schema of an entry of `publish`, one variant per kind of target. */
export const Target = v.variant(
  'type',
  targetKinds.map(schemaOf) as unknown as [ReturnType<typeof schemaOf>, ...ReturnType<typeof schemaOf>[]],
  choice(`must be ${inWords(types)}`),
) as unknown as v.GenericSchema<unknown, TargetSettings>;

/** Time limit of a notifier. A longer run would hold up the notifiers that share its queue. */
const Timeout = durationUpTo(
  10 * MINUTE,
  'must be at most 10m: what takes longer should be handed to something that runs anyway',
);

const Exec = mapping(
  {
    type: v.pipe(v.literal('exec'), v.description('A program, started without a shell.')),
    command: key(
      list(Text, 'must be a list: the program by its absolute path, then its arguments'),
      'The program by its absolute path, then its arguments. It gets PATH, HOME, WX_CREDENTIAL, WX_KIND, WX_FILE and WX_EXPIRES_AT, and no token.',
    ),
    timeout: preset(Timeout, 'When its process group is ended; at most 10m.', '30s'),
  },
  ['type', 'command'],
);

const Webhook = mapping(
  {
    type: v.pipe(
      v.literal('webhook'),
      v.description('A POST of JSON, without the token. No redirect is followed.'),
    ),
    url: key(WebhookUrl, 'Where to, http or https.'),
    timeout: preset(Timeout, 'How long the answer may take; at most 10m.', '5s'),
  },
  ['type', 'url'],
);

const Signal = mapping(
  {
    type: v.pipe(v.literal('signal'), v.description('A signal to the process that a file names.')),
    pidFile: key(AbsolutePath, 'Absolute path of a file that holds a pid; it may appear later.'),
    signal: preset(Text, 'Name of the signal, with or without SIG; not KILL or STOP.', 'HUP'),
  },
  ['type', 'pidFile'],
);

/** Schema of an entry of `notify`. */
export const Notification = v.variant(
  'type',
  [Exec, Webhook, Signal],
  choice('must be exec, webhook or signal'),
);

/** The valid values of an entry of `notify`; `timeout` in ms. */
export type NotificationSettings = v.InferOutput<typeof Notification>;

/** Chooses the message for an invalid `type`, or for a value that is not a mapping at all. */
function choice(message: string) {
  return ({ expected }: { readonly expected: string | null }) =>
    expected === 'Object' ? 'must be keys with their values, type first' : message;
}
