import * as v from 'valibot';
import {
  AbsoluteFolder,
  AbsolutePath,
  AppId,
  DailyCalls,
  Duration,
  Flag,
  Mode,
  PlatformUrl,
  ProxyUrl,
  Schedule,
} from './fields.ts';

const Type = v.picklist(
  ['stable-token', 'access-token', 'wecom'],
  'must be stable-token, access-token or wecom',
);

const Tickets = v.pipe(
  v.string(),
  v.transform((text) => [...new Set(text.split(',').map((kind) => kind.trim()))]),
  v.array(
    v.picklist(
      ['jsapi', 'wx_card', 'corp_jsapi', 'agent_config'],
      'must be a list of jsapi and wx_card, for wecom of corp_jsapi and agent_config, with commas between',
    ),
  ),
);

const Urls = v.pipe(
  v.string(),
  v.transform((text) => text.split(',').map((url) => url.trim())),
  v.array(PlatformUrl),
);

/** One credential in the environment: every variable, its form and its default. */
export const Variables = v.object({
  WXTOKEN_APPID: v.optional(AppId),
  WXTOKEN_SECRET_FILE: v.optional(AbsolutePath),
  WXTOKEN_SECRET: v.optional(v.string()),
  WXTOKEN_TYPE: v.optional(Type, 'stable-token'),
  WXTOKEN_FILE: v.optional(AbsolutePath, '/var/run/wx/token'),
  WXTOKEN_FILE_MODE: v.optional(Mode, '0640'),
  WXTOKEN_FILE_GROUP: v.optional(v.string()),
  WXTOKEN_TICKETS: v.optional(Tickets),
  WXTOKEN_API_BASE_URL: v.optional(PlatformUrl),
  WXTOKEN_API_FALLBACK_URLS: v.optional(Urls),
  WXTOKEN_PROXY: v.optional(ProxyUrl),
  WXTOKEN_CA_FILE: v.optional(AbsolutePath),
  WXTOKEN_SCHEDULE: v.optional(Schedule, '*/5 * * * * *'),
  WXTOKEN_AHEAD: v.optional(Duration, '10m'),
  WXTOKEN_ROTATION_WINDOW: v.optional(Duration, '5m'),
  WXTOKEN_STATE_DIR: v.optional(AbsoluteFolder),
  WXTOKEN_FEEDBACK_DIR: v.optional(AbsoluteFolder),
  WXTOKEN_ALLOW_UNCOORDINATED: v.optional(Flag, 'false'),
  WXTOKEN_ALLOW_FORCE: v.optional(Flag, 'false'),
  // WeChat allows a new account 2000 fetches a day, a test account 200, and 20 forced refreshes of a stable token.
  WXTOKEN_FETCHES_PER_DAY: v.optional(DailyCalls, '2000'),
  WXTOKEN_FORCED_PER_DAY: v.optional(DailyCalls, '20'),
  WXTOKEN_IPV4_FIRST: v.optional(Flag, 'true'),
  WXTOKEN_LOG_LEVEL: v.optional(
    v.picklist(['error', 'warn', 'info', 'debug'], 'must be error, warn, info or debug'),
    'info',
  ),
  WXTOKEN_LOG_FORMAT: v.optional(v.picklist(['json', 'text'], 'must be json or text'), 'json'),
});

export type Values = v.InferOutput<typeof Variables>;
