import * as v from 'valibot';
import { Mirrored } from './cluster.ts';
import { PlatformOverrides } from './platform.ts';
import { Notification, Target } from './targets.ts';
import {
  AbsolutePath,
  AppId,
  DailyCalls,
  Duration,
  Flag,
  ForcedCalls,
  key,
  list,
  mapping,
  Name,
  preset,
  VariableName,
} from './values.ts';

/** How long before its end a token is replaced where nothing else is said. A WeCom token repeats until it ends. */
export const WINDOWS = { rotationWindow: '5m', ahead: '10m' } as const;

const Ticket = v.picklist(
  ['jsapi', 'wx_card', 'corp_jsapi', 'agent_config'],
  'must be jsapi or wx_card, for wecom corp_jsapi or agent_config',
);

/** For editors: what goes with which type. The program says more. */
const TOGETHER = [
  {
    anyOf: [
      { properties: { type: { enum: ['stable-token', 'access-token'] } }, required: ['appId'] },
      { properties: { type: { const: 'wecom' } }, required: ['type', 'corpId'] },
      { required: ['from'] },
    ],
  },
  { anyOf: [{ required: ['secretFile'] }, { required: ['secretEnv'] }, { required: ['from'] }] },
];

const Entries = mapping(
  {
    name: key(Name, 'What this credential is called in logs, metrics and on the command line; unique.'),
    type: preset(
      v.picklist(
        ['stable-token', 'access-token', 'wecom', 'mirror'],
        'must be stable-token, access-token, wecom or mirror',
      ),
      'stable-token: safe beside other callers. access-token: the classic endpoint, where every fetch kills the token before. wecom: an app of a corp. mirror: fetched by another daemon, and only published here.',
      'stable-token',
    ),
    appId: key(AppId, 'AppID of the account; for wecom say corpId.'),
    corpId: key(AppId, 'CorpID, for wecom.'),
    secretFile: key(AbsolutePath, 'File that holds the AppSecret alone; read anew at every fetch.'),
    secretEnv: key(VariableName, 'Name of the environment variable that holds the AppSecret.'),
    rotationWindow: key(
      v.pipe(Duration, v.metadata({ default: WINDOWS.rotationWindow })),
      'How long before its end a stable-token is replaced.',
    ),
    ahead: key(
      v.pipe(Duration, v.metadata({ default: WINDOWS.ahead })),
      'How long before its end an access-token is replaced.',
    ),
    recheck: key(
      v.union([v.literal('off'), Duration], 'must be a duration with a unit, like 5m, or off'),
      'Ask for a stable-token again so often, to learn of a rotation made elsewhere; off: never. Default: 5m in Kubernetes without a stateDir of its own and without cluster, off elsewhere.',
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
    allowForce: preset(
      Flag,
      'Whether a stable-token that readers and the platform call dead may be forced; the old one dies at once.',
      false,
    ),
    allowUncoordinated: preset(
      Flag,
      'Allows an access-token in Kubernetes without cluster and a shared stateDir: only where no other pod will ever fetch.',
      false,
    ),
    tickets: preset(
      list(Ticket, 'must be a list of tickets'),
      'Tickets that are fetched with its token: jsapi and wx_card, for wecom corp_jsapi and agent_config. Each needs an entry in publish.',
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
  },
  ['name', 'publish'],
);

export const Credential = v.pipe(Entries, v.metadata({ allOf: TOGETHER }));

export type CredentialSettings = v.InferOutput<typeof Credential>;
