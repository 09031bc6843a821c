import * as v from 'valibot';
import { parseDuration } from '../system/duration.ts';
import { scheduleProblem } from '../system/schedule.ts';

/** The kinds of value a configuration is made of; every message completes "NAME: …" and says what would be right. */

const DURATION = 'must be a duration with a unit, like 90s, 10m or 2h';

/** `90s`, `10m`, `2h`, in milliseconds. */
export const Duration = v.pipe(
  v.string(DURATION),
  v.regex(/^\d{1,9}(ms|s|m|h)$/, DURATION),
  v.transform(parseDuration),
  v.number(DURATION),
  v.minValue(1, 'must be longer than nothing'),
);

/** Octal permission bits; YAML reads an octal number without quotes as a decimal one. */
export const Mode = v.pipe(
  v.string('must be an octal file mode in quotes, like "0640": without them it is another number'),
  v.regex(/^0?[0-7]{3}$/, 'must be an octal file mode, like 0640'),
  v.transform((text) => Number.parseInt(text, 8)),
  v.check((mode) => (mode & 0o600) === 0o600, 'must let the owner read and write, like 0640'),
  v.check((mode) => (mode & 0o002) === 0, 'must not let everyone write: they could plant a token'),
);

/** The same, up to a longest. */
export function durationUpTo(longest: number, message: string) {
  return v.pipe(Duration, v.maxValue(longest, message));
}

const FOLDER_MODE = 'must be "0700" in quotes, or "0770" for daemons of several users in one group';

/** Of the state folder: what lies there decides what is published, and holds tokens. */
export const FolderMode = v.pipe(
  v.string(FOLDER_MODE),
  v.regex(/^0?7[07]0$/, FOLDER_MODE),
  v.transform((text) => Number.parseInt(text, 8)),
);

export const Flag = v.boolean('must be true or false');

const DAILY = 'must be a whole number of calls a day, like 2000';

/** 0: never. */
export const ForcedCalls = v.pipe(
  v.number(DAILY),
  v.integer(DAILY),
  v.minValue(0, DAILY),
  v.maxValue(9_999_999, DAILY),
);

export const DailyCalls = v.pipe(
  v.number(DAILY),
  v.integer(DAILY),
  v.minValue(1, DAILY),
  v.maxValue(9_999_999, DAILY),
);

const TEXT = 'must be text; put it into quotes';

export const Text = v.pipe(
  v.string(TEXT),
  v.check((text) => !text.includes('\0'), 'must not hold a NUL'),
);

/** Of a credential. */
export const Name = v.pipe(
  v.string('must be text of a-z, 0-9 and -; put it into quotes'),
  v.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be 1 to 63 of a-z, 0-9 and -, with no - at an end'),
);

const APP_ID = 'must be an appid or corpid like wx0000000000000000, without blanks';

export const AppId = v.pipe(v.string(APP_ID), v.regex(/^[A-Za-z0-9_-]{4,64}$/, APP_ID));

const ABSOLUTE = 'must be an absolute path to a file or folder';

export const AbsolutePath = v.pipe(v.string(ABSOLUTE), v.regex(/^\/([^\0]*[^/\0])?$/, ABSOLUTE));

/** Many write a folder with a slash at its end. */
export const AbsoluteFolder = v.pipe(
  v.string(ABSOLUTE),
  v.transform((path) => path.replace(/(?<=.)\/+$/s, '')),
  AbsolutePath,
);

const GROUP = 'must be a group, by its name or its number';

/** By name or number. */
export const Group = v.pipe(v.union([v.string(), v.number()], GROUP), v.transform(String));

const HOST = 'must be a host name, like wx.example.com, without a port';

export const HostName = v.pipe(v.string(HOST), v.regex(/^[A-Za-z0-9]([\w.-]{0,251}\w)?$/, HOST));

const NAMESPACE = 'must be a namespace of Kubernetes: up to 63 of a-z, 0-9 and -';

export const Namespace = v.pipe(
  v.string(NAMESPACE),
  v.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, NAMESPACE),
);

const OBJECT_NAME = 'must be the name of an object of Kubernetes: a-z, 0-9, - and .';

export const ObjectName = v.pipe(
  v.string(OBJECT_NAME),
  v.maxLength(253, OBJECT_NAME),
  v.regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, OBJECT_NAME),
);

const SECRET_KEY = 'must be a key of a Secret: letters, digits, -, _ and .';

/** A Secret takes 253 characters, and `.json` has to go with it. */
export const SecretKey = v.pipe(
  v.string(SECRET_KEY),
  v.regex(/^(?!\.\.?$|\.\.)[A-Za-z0-9._-]{1,248}$/, SECRET_KEY),
);

export const VariableName = v.pipe(
  v.string('must be the name of a variable'),
  v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable, like SHOP_SECRET'),
);

export const Schedule = v.pipe(
  v.string('must be a cron expression in quotes, seconds first: "*/5 * * * * *"'),
  v.rawCheck(({ dataset, addIssue }) => {
    const problem = dataset.typed && scheduleProblem(dataset.value);
    if (problem) addIssue({ message: problem });
  }),
);
