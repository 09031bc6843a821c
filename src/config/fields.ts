import * as v from 'valibot';
import { parseDuration } from '../system/duration.ts';
import { scheduleProblem } from '../system/schedule.ts';

/** The kinds of value a configuration is made of; every message completes "NAME: …" and says what would be right. */

/** `90s`, `10m`, `2h`, in milliseconds. */
export const Duration = v.pipe(
  v.string(),
  v.transform(parseDuration),
  v.number('must be a duration with a unit, like 90s, 10m or 2h'),
  v.minValue(1, 'must be longer than nothing'),
);

/** Octal permission bits in quotes. */
export const Mode = v.pipe(
  v.string(),
  v.regex(/^0?[0-7]{3}$/, 'must be an octal file mode, like 0640'),
  v.transform((text) => Number.parseInt(text, 8)),
  v.check((mode) => (mode & 0o600) === 0o600, 'must let the owner read and write, like 0640'),
  v.check((mode) => (mode & 0o002) === 0, 'must not let everyone write: they could plant a token'),
);

export const Flag = v.pipe(
  v.picklist(['true', 'false'], 'must be true or false'),
  v.transform((text) => text === 'true'),
);

/** A number of calls a day. */
export const DailyCalls = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,6}$/, 'must be a whole number of calls a day, like 2000'),
  v.transform(Number),
);

export const AppId = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{4,64}$/, 'must be an appid or corpid like wx0000000000000000, without blanks'),
);

export const AbsolutePath = v.pipe(
  v.string(),
  v.regex(/^\/(.*[^/])?$/s, 'must be an absolute path to a file or folder'),
);

/** Many write a folder with a slash at its end. */
export const AbsoluteFolder = v.pipe(
  v.string(),
  v.transform((path) => path.replace(/(?<=.)\/+$/s, '')),
  AbsolutePath,
);

export const Schedule = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    const problem = dataset.typed && scheduleProblem(dataset.value);
    if (problem) addIssue({ message: problem });
  }),
);

const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|\[::1\])$/;

/** Whether a URL is plain HTTP to this very host, where no one can listen in. */
export function isLoopback(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && LOOPBACK.test(hostname);
}

/** Where the AppSecret is sent: https, or http that does not leave the host. */
export const PlatformUrl = v.pipe(
  v.string(),
  v.check((text) => URL.canParse(text), 'must be a URL like https://api.weixin.qq.com'),
  v.check(
    (text) => !URL.canParse(text) || new URL(text).protocol === 'https:' || isLoopback(text),
    'must be https, or http to loopback only: the AppSecret travels with every request',
  ),
  v.check(isBare, 'must not carry a user, password, query or fragment'),
);

export const ProxyUrl = v.pipe(
  v.string(),
  v.check(
    (text) => URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol),
    'must be a URL like http://egress:3128',
  ),
);

function isBare(text: string): boolean {
  if (!URL.canParse(text)) return true;
  const { username, password, search, hash } = new URL(text);
  return username === '' && password === '' && search === '' && hash === '';
}
