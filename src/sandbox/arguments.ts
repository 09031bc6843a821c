import { parseArgs } from 'node:util';
import { closest, didYouMean } from '../core/closest.ts';
import { en, type Text, zh } from '../core/text.ts';
import { SECOND } from '../core/time.ts';
import { parseDuration } from '../system/time/duration.ts';
import { isCorpId, type SandboxAccount } from './accounts.ts';
import type { SandboxOptions } from './index.ts';
import { loopbackAddress } from './loopback.ts';
import { SandboxError } from './protocol.ts';

/** Result of parsing the command line: options for a sandbox, or all problems, a line each. */
export type SandboxArguments =
  | { readonly kind: 'start'; readonly options: SandboxOptions }
  | { readonly kind: 'problems'; readonly problems: readonly Text[] };

const DEMO_ACCOUNT: SandboxAccount = { appId: 'wx0000000000000000', secret: '0'.repeat(32) };
const DEFAULT_PORT = 8866;

const OPTIONS = {
  listen: { type: 'string' },
  account: { type: 'string', multiple: true },
  component: { type: 'string', multiple: true },
  'token-ttl': { type: 'string' },
  overlap: { type: 'string' },
  'rotation-window': { type: 'string' },
  'daily-quota': { type: 'string' },
  latency: { type: 'string' },
} as const;

/** The name of an option of the command `sandbox`, without its dashes. */
export type SandboxOption = keyof typeof OPTIONS;

/** Parses the arguments of the command `sandbox`; never throws for mistakes in them. */
export function readSandboxArguments(argv: readonly string[]): SandboxArguments {
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true });
  const problems: Text[] = [];
  const given = new Map<string, string[]>();
  let valueOfUnknown = -1;
  for (const token of tokens) {
    // Messages do not repeat such an argument, because it may be half of an account.
    if (token.kind === 'positional' && token.index !== valueOfUnknown) {
      const nth = token.index + 1;
      problems.push({
        en: `argument ${nth}: options only, each begins with --`,
        zh: `第 ${nth} 个参数：只接受选项，每个都以 -- 开头`,
      });
    }
    if (token.kind !== 'option') continue;
    if (!Object.hasOwn(OPTIONS, token.name)) {
      const { name, rawName } = token;
      const meant = closest(name, Object.keys(OPTIONS));
      const what: Text = { en: `${rawName}: no such option`, zh: `${rawName}: 没有这个选项` };
      problems.push(didYouMean(what, meant === undefined ? [] : [`--${meant}`]));
      valueOfUnknown = token.index + 1;
    } else if (token.value === undefined) {
      problems.push(about(token.rawName, { en: 'needs a value', zh: '需要一个值' }));
    } else {
      given.set(token.name, [...(given.get(token.name) ?? []), token.value]);
    }
  }

  const options = {
    ...readListen(given.get('listen')?.at(-1), problems),
    ...readSeconds('tokenTtl', 'token-ttl', given, problems),
    ...readSeconds('overlap', 'overlap', given, problems),
    ...readSeconds('rotationWindow', 'rotation-window', given, problems),
    ...readQuota(given.get('daily-quota')?.at(-1), problems),
    ...readLatency(given.get('latency')?.at(-1), problems),
    accounts: readAccounts(given.get('account'), problems),
    components: readComponents(given.get('component'), problems),
  };
  const { tokenTtl = 7200, rotationWindow = 0 } = options;
  if (tokenTtl === 0) {
    problems.push(about('--token-ttl', { en: 'must be longer than nothing', zh: '必须大于零' }));
  } else if (rotationWindow >= tokenTtl) {
    problems.push(
      about('--rotation-window', {
        en: 'must be shorter than --token-ttl',
        zh: '必须比 --token-ttl 短',
      }),
    );
  }
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'start', options };
}

/** Says what is wrong with an option. */
function about(option: string, what: Text): Text {
  return { en: en`${option}: ${what}`, zh: zh`${option}: ${what}` };
}

function readListen(given: string | undefined, problems: Text[]): { host?: string; port: number } {
  if (given === undefined) return { port: DEFAULT_PORT };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(given) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) {
    problems.push(
      about('--listen', {
        en: 'must be HOST:PORT, as 127.0.0.1:8866 or [::1]:8866; port 0 is a free one',
        zh: '必须是 HOST:PORT，如 127.0.0.1:8866 或 [::1]:8866；端口 0 表示任一空闲端口',
      }),
    );
    return { port: 0 };
  }
  try {
    loopbackAddress(host);
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    problems.push(about('--listen', error.told));
  }
  return { host, port };
}

function readAccounts(given: readonly string[] = [], problems: Text[]): readonly SandboxAccount[] {
  const read = readPairs('account', given, problems);
  const keys = read.map(({ appId, secret }) => (isCorpId(appId) ? `${appId}:${secret}` : appId));
  const twice = read.filter((_, position) => keys.indexOf(keys[position] ?? '') !== position);
  for (const { appId } of twice) problems.push(givenTwice('--account', appId));
  return given.length === 0 ? [DEMO_ACCOUNT] : read;
}

function readComponents(given: readonly string[] = [], problems: Text[]): readonly SandboxAccount[] {
  const read = readPairs('component', given, problems);
  const ids = read.map(({ appId }) => appId);
  for (const id of ids.filter((other, position) => ids.indexOf(other) !== position)) {
    problems.push(givenTwice('--component', id));
  }
  return read;
}

function givenTwice(option: string, id: string): Text {
  return about(option, { en: `${id} is given twice`, zh: `${id} 给了两次` });
}

function readPairs(option: string, given: readonly string[], problems: Text[]): readonly SandboxAccount[] {
  return given.flatMap((value) => {
    const [, appId, secret] = /^([\w-]{1,64}):([\w-]{1,256})$/.exec(value) ?? [];
    if (appId !== undefined && secret !== undefined) return { appId, secret };
    problems.push(
      about(`--${option}`, {
        en: 'must be APPID:SECRET, each of letters, digits, _ and -',
        zh: '必须是 APPID:SECRET，各由字母、数字、_ 和 - 组成',
      }),
    );
    return [];
  });
}

function readSeconds<Name extends string>(
  name: Name,
  option: string,
  given: ReadonlyMap<string, readonly string[]>,
  problems: Text[],
): { [K in Name]?: number } {
  const ms = readDuration(option, given.get(option)?.at(-1), problems);
  return ms === undefined ? {} : ({ [name]: ms / SECOND } as { [K in Name]?: number });
}

function readLatency(given: string | undefined, problems: Text[]): { latency?: number } {
  const latency = readDuration('latency', given, problems);
  return latency === undefined ? {} : { latency };
}

function readDuration(option: string, given: string | undefined, problems: Text[]): number | undefined {
  if (given === undefined) return undefined;
  const ms = parseDuration(given);
  if (ms !== undefined) return ms;
  problems.push(
    about(`--${option}`, {
      en: 'must be a duration with its unit, as 300s, 5m, 2h or 250ms',
      zh: '必须是带单位的时长，如 300s、5m、2h 或 250ms',
    }),
  );
  return undefined;
}

function readQuota(given: string | undefined, problems: Text[]): { dailyQuota?: number } {
  if (given === undefined) return {};
  if (/^\d{1,9}$/.test(given)) return { dailyQuota: Number(given) };
  problems.push(about('--daily-quota', { en: 'must be a whole number', zh: '必须是整数' }));
  return {};
}
