/** What is wrong with the pushes of a platform, as people are told it. */
import type { PushReport } from './events/push.ts';
import type { PushDialect } from './pushed-ticket.ts';
import type { PushStanding } from './state/pushed.ts';
import { en, type Text, verbatim, zh } from './text.ts';

/**
 * Why a push was refused. `signature`: it is not signed with our Token; `decryption`: it is, and our key does not open it;
 * `content`: it is for another account, or no push, inside; `time`: it brings a ticket of another time than our clock's.
 */
export type PushRefusal = 'signature' | 'decryption' | 'content' | 'time';

/** Pushes for one credential that were not taken, since the last one that was. */
export interface LostPushes {
  readonly why: PushRefusal | 'failed';
  readonly count: number;
  /** Epoch ms: the first of them. */
  readonly since: number;
  readonly dialect: PushDialect;
  /** Why the last one could not be kept or passed on. */
  readonly problem?: string;
}

/**
 * Adds a push to those that were not taken; one that was taken ends them. Anybody can make pushes that are not signed: they
 * never hide what is wrong with those of the platform.
 * @param wall epoch ms
 */
export function withPush(
  lost: LostPushes | undefined,
  { verdict, refusal, dialect, problem }: PushReport,
  wall: number,
): LostPushes | undefined {
  const why = verdict === 'failed' ? 'failed' : refusal;
  if (why === undefined || dialect === undefined) return verdict === 'refused' ? lost : undefined;
  const isSame = lost?.why === why;
  if (lost && !isSame && why === 'signature') return lost;
  return {
    ...{ why, dialect },
    count: isSame ? lost.count + 1 : 1,
    since: isSame ? lost.since : wall,
    ...(problem !== undefined && { problem }),
  };
}

/** Where the console shows Token and EncodingAESKey (docs/wechat-facts.md, Consoles). */
const CONSOLE: Readonly<Record<PushDialect, Text>> = {
  'open-platform': verbatim('open.weixin.qq.com → 管理中心 → 第三方平台 → 详情 → 开发配置 → 开发资料'),
  'work-weixin': {
    en: 'open.work.weixin.qq.com → 应用管理 → the app → 回调配置',
    zh: 'open.work.weixin.qq.com → 应用管理 → 该应用 → 回调配置',
  },
};

const NAMES: Readonly<Record<PushDialect, Readonly<Record<'token' | 'key' | 'id', string>>>> = {
  'open-platform': { token: '消息校验Token', key: '消息加解密Key', id: 'appId' },
  'work-weixin': { token: 'Token', key: 'EncodingAESKey', id: 'suiteId' },
};

/** Says why a push was refused, to follow "a push was refused: ", and what a person does. */
export function refusalInWords(
  refusal: PushRefusal,
  dialect: PushDialect,
): { readonly why: Text; readonly advice: Text } {
  const [place, { token, key, id }] = [CONSOLE[dialect], NAMES[dialect]];
  switch (refusal) {
    case 'signature':
      return {
        why: {
          en: 'it is not signed with the Token that tokenFile holds',
          zh: '它不是用 tokenFile 里的 Token 签名的',
        },
        advice: {
          en: en`if they come from the platform, put the Token (${token}) of ${place} into tokenFile; others cannot sign, and their pushes change nothing`,
          zh: zh`如果是平台发来的，把 ${place} 的 ${token} 写入 tokenFile；别人无法签名，他们的推送不起作用`,
        },
      };
    case 'decryption':
      return {
        why: {
          en: 'it is signed with our Token, and the EncodingAESKey that encodingAesKeyFile holds does not open it',
          zh: '它的签名与 Token 相符，但用 encodingAesKeyFile 里的 EncodingAESKey 解不开',
        },
        advice: {
          en: en`put the EncodingAESKey (${key}) of ${place} into encodingAesKeyFile, and the one before into previousEncodingAesKeyFile for a day`,
          zh: zh`把 ${place} 的 ${key} 写入 encodingAesKeyFile，旧的写入 previousEncodingAesKeyFile 保留一天`,
        },
      };
    case 'content':
      return {
        why: {
          en: 'it is signed and encrypted with our keys, and is for another account, or no push, inside',
          zh: '它的签名和加密与密钥相符，但内容不是给这个账号的推送',
        },
        advice: {
          en: en`compare ${id} with that of ${place}: Token and EncodingAESKey there may be those of another one`,
          zh: zh`与 ${place} 核对 ${id}：那里的 Token 和 EncodingAESKey 可能属于另一个`,
        },
      };
    case 'time':
      return {
        why: {
          en: "it brings a ticket of another time than this machine's",
          zh: '它带来的 ticket 的时间与本机的时间不符',
        },
        advice: {
          en: 'if this comes with every push, compare the clock of this machine',
          zh: '如果每次推送都这样，请核对本机的时钟',
        },
      };
  }
}

/** Where to look when no ticket arrives. */
export const NO_PUSH: Text = {
  en:
    'see that the platform reaches the URL to which it pushes, that it is answered with success, and that the ticket is ' +
    'handed on to this daemon (docs/third-parties.md)',
  zh: '确认平台能访问它推送到的 URL、得到的回答是 success，并且 ticket 转交给了这个守护进程（docs/zh-CN/third-parties.md）',
};

const BUTTON: Text = {
  en: '刷新ticket in the provider console has one pushed at once',
  zh: '在服务商后台点“刷新ticket”会立即推送一次',
};

const STANDINGS: Readonly<Record<Exclude<PushStanding, 'flowing'>, Text>> = {
  none: { en: 'no ticket has been pushed yet', zh: '还没有 ticket 推送过来' },
  quiet: {
    en: 'no ticket has been pushed for longer than pushes ever pause',
    zh: 'ticket 推送中断，已超过正常的间隔',
  },
  ending: {
    en: 'the pushed ticket has ended or is about to: no token can be fetched without another one',
    zh: '推送的 ticket 已经或即将失效：没有新的就无法获取 token',
  },
};

/** What is wrong with pushes, in words. */
export interface PushTrouble {
  /** Stable: `push-signature`, `pushes-quiet` … */
  readonly code: string;
  readonly message: Text;
  readonly advice: Text;
  /** How many pushes were not taken since then (epoch ms); absent where none has come. */
  readonly lost?: Pick<LostPushes, 'count' | 'since'>;
}

/**
 * Says what is wrong with the pushes of a ticket; undefined where nothing is.
 * @param canStart whether the platform can be asked to push; else only a person can have it do so
 */
export function pushTrouble(
  standing: PushStanding,
  lost: LostPushes | undefined,
  { canStart }: { readonly canStart: boolean },
): PushTrouble | undefined {
  // While tickets come, what is not signed comes from others.
  if (lost && (standing !== 'flowing' || lost.why !== 'signature')) return lostInWords(lost);
  if (standing === 'flowing') return undefined;
  return {
    code: `pushes-${standing}`,
    message: STANDINGS[standing],
    advice: canStart ? NO_PUSH : { en: en`${NO_PUSH}; ${BUTTON}`, zh: zh`${NO_PUSH}；${BUTTON}` },
  };
}

function lostInWords({ why, dialect, problem = 'unexpected', count, since }: LostPushes): PushTrouble {
  const lost = { count, since };
  if (why === 'failed')
    return {
      code: 'push-failed',
      message: {
        en: `pushes could not be taken: ${problem}`,
        zh: `推送没能收下：${problem}`,
      },
      advice: {
        en: 'mend that: the platform was answered with an error, and pushes the next ticket within 10 minutes',
        zh: '请排除这个问题：已向平台应答错误，它会在 10 分钟内推送下一个 ticket',
      },
      lost,
    };
  const words = refusalInWords(why, dialect);
  return {
    code: `push-${why}`,
    message: { en: en`pushes are refused: ${words.why}`, zh: zh`推送被拒绝：${words.why}` },
    advice: words.advice,
    lost,
  };
}
