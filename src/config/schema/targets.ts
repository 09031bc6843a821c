import * as v from 'valibot';
import { MINUTE } from '../../core/time.ts';
import {
  AbsolutePath,
  durationUpTo,
  Flag,
  Group,
  key,
  list,
  Mode,
  mapping,
  Namespace,
  ObjectName,
  preset,
  SecretKey,
  Text,
  WebhookUrl,
} from '../../schema/values.ts';

const KINDS = ['token', 'jsapi', 'wx_card', 'corp_jsapi', 'agent_config'] as const;
const FORMATS = ['raw', 'json', 'env', 'php', 'properties'] as const;

const Of = v.picklist(KINDS, 'must be token, or one of the tickets of this credential');

const Format = v.picklist(FORMATS, 'must be raw, json, env, php or properties');
const FORMAT =
  'raw is the value and nothing else; json, php and properties hold the times as well; env is for a shell to source.';

const FileTarget = mapping(
  {
    type: v.pipe(v.literal('file'), v.description('A file, replaced in one step.')),
    path: key(
      AbsolutePath,
      'Absolute path of the file. Its folder is what apps mount, never the file itself.',
    ),
    of: preset(Of, 'What it holds: the token, or a ticket that is listed in tickets.', 'token'),
    format: preset(Format, FORMAT, 'raw'),
    details: key(
      Flag,
      'Whether PATH.json is kept beside a raw file, written first, with the times. Default: true for raw.',
    ),
    mode: preset(Mode, 'Octal permission bits, in quotes.', '0640'),
    group: key(Group, 'Group of the file, by name or number. Default: that of the daemon or of the folder.'),
  },
  ['type', 'path'],
);

const KubernetesTarget = mapping(
  {
    type: v.pipe(
      v.literal('kubernetes-secret'),
      v.description('A key of a Kubernetes Secret. The keys of others in it are left alone.'),
    ),
    namespace: key(Namespace, 'Namespace of the Secret.'),
    name: key(
      ObjectName,
      'Name of the Secret. It has to be there, without data: the daemon does not create it.',
    ),
    key: key(SecretKey, 'Key in the Secret; the key KEY.json beside it holds the details.'),
    of: preset(Of, 'What it holds: the token, or a ticket that is listed in tickets.', 'token'),
    format: preset(Format, FORMAT, 'raw'),
  },
  ['type', 'namespace', 'name', 'key'],
);

export const Target = v.variant(
  'type',
  [FileTarget, KubernetesTarget],
  choice('must be file or kubernetes-secret'),
);

/** Longer work holds up those who are told in turns with it. */
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

export const Notification = v.variant(
  'type',
  [Exec, Webhook, Signal],
  choice('must be exec, webhook or signal'),
);

export type FileTargetSettings = v.InferOutput<typeof FileTarget>;
export type SecretTargetSettings = v.InferOutput<typeof KubernetesTarget>;
export type NotificationSettings = v.InferOutput<typeof Notification>;

/** Also said of what is no mapping at all. */
function choice(message: string) {
  return ({ expected }: { readonly expected: string | null }) =>
    expected === 'Object' ? 'must be keys with their values, type first' : message;
}
