import * as v from 'valibot';
import { LANGUAGES } from '../../core/text.ts';
import { HostName, ListenAddress, LocalAddress } from '../../schema/addresses.ts';
import { key, list, mapping, mustBeOneOf, preset } from '../../schema/blocks.ts';
import { AbsoluteFolder, FolderMode, Group, Schedule, Text } from '../../schema/values.ts';
import { Cluster } from './cluster.ts';
import { Credential } from './credential.ts';
import { Platform } from './platform.ts';
import { Push } from './push.ts';
import { RedisConnection } from './redis.ts';
import { State } from './state.ts';

/** What HUP may do. */
const ON_HANGUP = ['refresh', 'retry'] as const;

const LEVELS = ['error', 'warn', 'info', 'debug'] as const;
const LOG_FORMATS = ['json', 'text'] as const;

/**
 * Schema of the configuration: every key, its form, its default and its description. The environment is read with the
 * same schema, and the JSON Schema for editors is made from it. Which keys are required, and which must fit together,
 * is checked in `src/config/resolve/`, where messages can say more than "missing".
 */
export const Document = mapping(
  {
    $schema: key(Text, 'For editors.'),
    schedule: preset(
      Schedule,
      'When the daemon looks at the clock: a cron expression, seconds first, in quotes. Gaps over 30 s are refused.',
      '*/5 * * * * *',
    ),
    onHangup: preset(
      v.picklist(ON_HANGUP, mustBeOneOf(ON_HANGUP)),
      'What HUP does. refresh: fetch everything anew, a healthy stable-token by force, which kills the one before. retry: ask again, and force nothing.',
      'refresh',
    ),
    stateDir: key(
      AbsoluteFolder,
      'Ledger, locks and restart memory; daemons that share it refresh as one. Default: the .wx-token-sidecar that is beside one of the published files, or leads there.',
    ),
    stateMode: preset(
      FolderMode,
      'Permission bits of the state folder: "0700", or "0770" with stateGroup for daemons of several users.',
      '0700',
    ),
    stateGroup: key(Group, 'Group of the state folder, by name or number; needs stateMode "0770".'),
    language: key(
      v.picklist(LANGUAGES, mustBeOneOf(LANGUAGES)),
      'Language of what people are told: meanings and advice, check, status, and the page. Names, codes and the message of a log line stay English. Default: en; for commands zh, where LANG of the terminal says zh_CN.',
    ),
    http: key(
      mapping(
        {
          listen: key(ListenAddress, 'host:port; pods use 0.0.0.0. No secret is served there.'),
          allowedHosts: preset(
            list(HostName, { en: 'must be a list of host names', zh: '必须是主机名的列表' }),
            'Names by which it may be called, besides addresses and localhost: a page elsewhere cannot read it by a name of its own.',
            [],
          ),
        },
        ['listen'],
      ),
      'Health, metrics and a page for people: /livez, /readyz, /startupz, /metrics and /.',
    ),
    log: preset(
      mapping({
        level: preset(
          v.picklist(LEVELS, mustBeOneOf(LEVELS)),
          'The least important lines that are written.',
          'info',
        ),
        format: preset(
          v.picklist(LOG_FORMATS, mustBeOneOf(LOG_FORMATS)),
          'json: an object a line; text: for people.',
          'json',
        ),
      }),
      'Lines on standard error.',
      {},
    ),
    feedback: preset(
      mapping({
        directory: key(
          AbsoluteFolder,
          'Folder where apps report refused tokens. It is emptied, so nothing else may lie in it.',
        ),
      }),
      'Reports from readers.',
      {},
    ),
    platform: preset(Platform, 'How the platform is reached; each credential may say otherwise.', {}),
    redis: preset(
      list(RedisConnection, { en: 'must be a list of connections', zh: '必须是连接的列表' }),
      'Connections to Redis, for targets of type redis. Nothing is connected that no target uses.',
      [],
    ),
    cluster: key(
      Cluster,
      'One refresher for a whole cluster: one daemon fetches, all others publish what it keeps in a Secret.',
    ),
    state: key(
      State,
      'Where daemons of several machines share what they know, in place of a state folder on a common disk.',
    ),
    tokenServer: key(
      mapping(
        {
          listen: key(
            LocalAddress,
            'host:port on loopback, or unix:/path. Whoever reaches it reads the tokens.',
          ),
        },
        ['listen'],
      ),
      'A read endpoint for those who come from an HTTP token server.',
    ),
    push: key(Push, 'A receiver of what the platform pushes, for credentials with ticket.push.'),
    credentials: key(
      list(Credential, { en: 'must be a list of credentials', zh: '必须是凭据的列表' }),
      'The accounts, each with where it is published.',
    ),
  },
  ['credentials'],
);

/** The valid values of a configuration, each checked by itself; durations in ms. */
export type Settings = v.InferOutput<typeof Document>;
