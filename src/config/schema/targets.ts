import * as v from 'valibot';
import type { Text as Words } from '../../core/text.ts';
import { MINUTE } from '../../core/time.ts';
import { ALL_TICKETS } from '../../providers/kinds.ts';
import { type FormatName, formats } from '../../publishers/formats.ts';
import type { TargetKind, Settings as TargetSettings } from '../../publishers/kind.ts';
import { targetKinds } from '../../publishers/kinds.ts';
import { WebhookUrl } from '../../schema/addresses.ts';
import { key, list, mapping, mustBe, mustBeOneOf, preset } from '../../schema/blocks.ts';
import { say, sayOf } from '../../schema/message.ts';
import { AbsolutePath, durationUpTo, Text } from '../../schema/values.ts';

const FORMAT =
  'raw is the value and nothing else; json, php and properties hold the times as well; env is for a shell to source; ' +
  'wechat-ruby and thinkadmin are what the gem wechat, and ThinkAdmin with WeChatDeveloper, read by themselves.';

const formatNames = Object.keys(formats) as FormatName[];

/** The keys of every target, whatever its kind. */
const common = {
  of: preset(
    v.picklist(
      ['token', ...ALL_TICKETS],
      say({
        en: 'must be token, or one of the tickets of this credential',
        zh: '必须是 token，或这份凭据的一种 ticket',
      }),
    ),
    'What it holds: the token, or a ticket that is listed in tickets.',
    'token',
  ),
  format: preset(v.picklist(formatNames, mustBeOneOf(formatNames)), FORMAT, 'raw'),
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
  choice(types),
) as unknown as v.GenericSchema<unknown, TargetSettings>;

/** Time limit of a notifier. A longer run would hold up the notifiers that share its queue. */
const Timeout = durationUpTo(10 * MINUTE, {
  en: 'must be at most 10m: what takes longer should be handed to something that runs anyway',
  zh: '最长 10m：更久的工作应当交给一直在运行的程序',
});

const Exec = mapping(
  {
    type: v.pipe(v.literal('exec'), v.description('A program, started without a shell.')),
    command: key(
      list(Text, {
        en: 'must be a list: the program by its absolute path, then its arguments',
        zh: '必须是列表：先写程序的绝对路径，再写它的参数',
      }),
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
export const Notification = v.variant('type', [Exec, Webhook, Signal], choice(['exec', 'webhook', 'signal']));

/** The valid values of an entry of `notify`; `timeout` in ms. */
export type NotificationSettings = v.InferOutput<typeof Notification>;

/** Chooses the message for an invalid `type`, or for a value that is not a mapping at all. */
function choice(all: readonly string[]) {
  return sayOf(({ expected }) => (expected === 'Object' ? TYPE_FIRST : mustBe(all)));
}

const TYPE_FIRST: Words = {
  en: 'must be keys with their values, type first',
  zh: '必须是配置项及其值，其中要有 type',
};
