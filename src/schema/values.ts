import * as v from 'valibot';
import type { Text as Words } from '../core/text.ts';
import { parseDuration } from '../system/time/duration.ts';
import { scheduleProblem } from '../system/time/schedule.ts';
import { say, sayOf } from './message.ts';

/** The types of values in a configuration. Every message completes "NAME: …" and says what would be right. */

const DURATION = say({
  en: 'must be a duration with a unit, like 90s, 10m or 2h',
  zh: '必须是带单位的时长，如 90s、10m 或 2h',
});

/** A duration such as `90s`, `10m` or `2h`; the value is in ms. */
export const Duration = v.pipe(
  v.string(DURATION),
  v.regex(/^\d{1,9}(ms|s|m|h)$/, DURATION),
  v.transform(parseDuration),
  v.number(DURATION),
  v.minValue(1, say({ en: 'must be longer than nothing', zh: '必须大于零' })),
);

/**
 * Octal permission bits of a published file. They must be quoted: YAML reads an octal number without quotes as a decimal
 * one. The owner need not write: a file is replaced, never written in place.
 */
export const Mode = v.pipe(
  v.string(
    say({
      en: 'must be an octal file mode in quotes, like "0640": without them it is another number',
      zh: '必须是加引号的八进制文件权限，如 "0640"：不加引号就是另一个数',
    }),
  ),
  v.regex(
    /^0?[0-7]{3}$/,
    say({ en: 'must be an octal file mode, like 0640', zh: '必须是八进制文件权限，如 0640' }),
  ),
  v.transform((text) => Number.parseInt(text, 8)),
  v.check(
    (mode) => (mode & 0o400) !== 0,
    say({
      en: 'must let the owner read, like 0640 or 0400: the daemon reads it again',
      zh: '必须允许属主读取，如 0640 或 0400：守护进程会再次读取它',
    }),
  ),
  v.check(
    (mode) => (mode & 0o002) === 0,
    say({
      en: 'must not let everyone write: they could plant a token',
      zh: '不能让所有人可写：别人可能放进伪造的 token',
    }),
  ),
);

/**
 * Creates the schema of a duration with an upper limit.
 * @param longest the limit, in ms
 */
export function durationUpTo(longest: number, message: Words) {
  return v.pipe(Duration, v.maxValue(longest, say(message)));
}

const FOLDER_MODE = say({
  en: 'must be "0700" in quotes, or "0770" for daemons of several users in one group',
  zh: '必须是加引号的 "0700"；同一个组里几个用户的守护进程共用时是 "0770"',
});

/**
 * Permission bits of the state folder. They are restricted, because its files decide what is published and hold
 * tokens.
 */
export const FolderMode = v.pipe(
  v.string(FOLDER_MODE),
  v.regex(/^0?7[07]0$/, FOLDER_MODE),
  v.transform((text) => Number.parseInt(text, 8)),
);

/** A boolean. */
export const Flag = v.boolean(say({ en: 'must be true or false', zh: '必须是 true 或 false' }));

const DAILY = say({
  en: 'must be a whole number of calls a day, like 2000',
  zh: '必须是每天调用次数的整数，如 2000',
});

/** A daily limit of forced calls; 0 forbids them. */
export const ForcedCalls = v.pipe(
  v.number(DAILY),
  v.integer(DAILY),
  v.minValue(0, DAILY),
  v.maxValue(9_999_999, DAILY),
);

/** A daily limit of calls, at least 1. */
export const DailyCalls = v.pipe(
  v.number(DAILY),
  v.integer(DAILY),
  v.minValue(1, DAILY),
  v.maxValue(9_999_999, DAILY),
);

const TEXT = say({ en: 'must be text; put it into quotes', zh: '必须是文本；给它加上引号' });

/** Any text without a NUL. */
export const Text = v.pipe(
  v.string(TEXT),
  v.check((text) => !text.includes('\0'), say({ en: 'must not hold a NUL', zh: '不能含有 NUL' })),
);

const NAME: Words = {
  en: 'must be 1 to 63 of a-z, 0-9 and -, with no - at an end',
  zh: '必须是 1 到 63 个 a-z、0-9 和 -，并且不以 - 开头或结尾',
};

/** Name of a credential. */
export const Name = v.pipe(
  v.string(
    say({
      en: 'must be text of a-z, 0-9 and -; put it into quotes',
      zh: '必须是由 a-z、0-9 和 - 组成的文本；给它加上引号',
    }),
  ),
  v.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, say(NAME)),
);

/** Longest title, in characters: about what fits beside a name in one line. */
const LONGEST_TITLE = 60;

/**
 * Title of a credential, for people. Characters that are invisible, move the cursor or turn the direction of a line
 * could make one account look like another; of the invisible ones only the joiners are left, which some scripts and
 * pictures need.
 */
export const Title = v.pipe(
  v.string(TEXT),
  v.check(
    (text) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(text),
    say({ en: 'must hold something that people can read', zh: '必须含有人能看到的字符' }),
  ),
  v.check(
    (text) => !/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text),
    say({
      en: 'must not hold control characters, line breaks or characters that are invisible or turn the direction of text',
      zh: '不能含有控制字符、换行，以及不可见或改变文字方向的字符',
    }),
  ),
  v.check(
    (text) => text === text.trim(),
    say({ en: 'must not begin or end with a blank', zh: '开头和结尾不能是空白' }),
  ),
  v.check(
    (text) => [...text].length <= LONGEST_TITLE,
    say({ en: `must have at most ${LONGEST_TITLE} characters`, zh: `最多 ${LONGEST_TITLE} 个字符` }),
  ),
);

const ABSOLUTE: Words = {
  en: 'must be an absolute path to a file or folder',
  zh: '必须是文件或目录的绝对路径',
};

const FOLDER_PATH: Words = {
  en: 'must name a file, and ends in a slash, as only a folder does',
  zh: '必须是一个文件，却以斜杠结尾，那只能是目录',
};

/** An absolute path without a slash at its end. */
export const AbsolutePath = v.pipe(
  v.string(say(ABSOLUTE)),
  v.regex(
    /^\/([^\0]*[^/\0])?$/,
    sayOf(({ input }) => (/^\/[^\0]*\/$/.test(String(input)) ? FOLDER_PATH : ABSOLUTE)),
  ),
);

/** An absolute path of a folder. A slash at its end is removed, because many people write one. */
export const AbsoluteFolder = v.pipe(
  v.string(say(ABSOLUTE)),
  v.transform((path) => path.replace(/(?<=.)\/+$/s, '')),
  AbsolutePath,
);

const GROUP = say({
  en: 'must be a group, by its name or its number',
  zh: '必须是一个组，写名称或数字',
});

/** A group by name or number; the value is text. */
export const Group = v.pipe(v.union([v.string(), v.number()], GROUP), v.transform(String));

const NAMESPACE = say({
  en: 'must be a namespace of Kubernetes: up to 63 of a-z, 0-9 and -',
  zh: '必须是 Kubernetes 的命名空间：至多 63 个 a-z、0-9 和 -',
});

/** A namespace of Kubernetes. */
export const Namespace = v.pipe(
  v.string(NAMESPACE),
  v.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, NAMESPACE),
);

const OBJECT_NAME = say({
  en: 'must be the name of an object of Kubernetes: a-z, 0-9, - and .',
  zh: '必须是 Kubernetes 对象的名称：a-z、0-9、- 和 .',
});

/** Name of a Kubernetes object. */
export const ObjectName = v.pipe(
  v.string(OBJECT_NAME),
  v.maxLength(253, OBJECT_NAME),
  v.regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, OBJECT_NAME),
);

const SECRET_KEY = say({
  en: 'must be a key of a Secret, of letters, digits, -, _ and .',
  zh: '必须是 Secret 的键：字母、数字、-、_ 和 .',
});

/**
 * A key of a Secret, in which `{appId}`, `{corpId}` and `{name}` stand for those of the credential. Kubernetes allows 253
 * characters, and `.json` has to be appended to the key.
 */
export const SecretKey = v.pipe(
  v.string(SECRET_KEY),
  v.regex(/^(?!\.\.?$|\.\.)([A-Za-z0-9._-]|\{(appId|corpId|name)\}){1,248}$/, SECRET_KEY),
);

/** Name of an environment variable. */
export const VariableName = v.pipe(
  v.string(say({ en: 'must be the name of a variable', zh: '必须是变量名' })),
  v.regex(
    /^[A-Za-z_][A-Za-z0-9_]*$/,
    say({ en: 'must be the name of a variable, like SHOP_SECRET', zh: '必须是变量名，如 SHOP_SECRET' }),
  ),
);

/** A cron expression with seconds first. */
export const Schedule = v.pipe(
  v.string(
    say({
      en: 'must be a cron expression in quotes, seconds first: "*/5 * * * * *"',
      zh: '必须是加引号的 cron 表达式，秒在最前："*/5 * * * * *"',
    }),
  ),
  v.rawCheck(({ dataset, addIssue }) => {
    const problem = dataset.typed ? scheduleProblem(dataset.value) : undefined;
    if (problem) addIssue({ message: say(problem) });
  }),
);
