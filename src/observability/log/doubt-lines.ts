/** What the log says of doubts about tokens. */
import type { Report } from '../../core/events/report.ts';
import type { Doubter, DoubtVerdict } from '../../core/state/doubts.ts';
import type { Text } from '../../core/text.ts';
import type { Logger } from './logger.ts';

const OFTEN: ReadonlySet<DoubtVerdict> = new Set(['behind', 'later', 'checked']);

/** Whether it may come thousands of times: a reader with an old token goes on to report it. */
export function isOften(verdict: DoubtVerdict): boolean {
  return OFTEN.has(verdict);
}

export interface DoubtLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly advice?: Text;
}

const RIVAL_MESSAGE = 'a token that had just replaced a refused one is refused again';
const RIVAL: Text = {
  en:
    'another process is fetching for this appid: find it, or, of an official account, move every one to stable-token; ' +
    'or the reader uses the token with another account',
  zh: '另有进程在为该 AppID 获取 token：找到它；公众号和小程序也可以让所有进程都改用 stable-token；也可能是读取方把 token 用在了另一个账号上',
};
/** There is no stable-token of what is fetched with the token of a third party. */
const GRANTED_RIVAL: Text = {
  en:
    'the account authorises again and again, or another process fetches its token with the same third party: find it; ' +
    'or the reader uses the token with another account',
  zh: '该账号在反复重新授权，或者另有进程用同一个第三方获取它的 token：找到它；也可能是读取方把 token 用在了另一个账号上',
};

/** Log lines for what doubts about tokens come to, by who doubts. */
const DOUBTS: Readonly<Record<Doubter, Partial<Record<DoubtVerdict, DoubtLine>>>> = {
  reader: {
    behind: {
      level: 'info',
      message: 'a reader reported a token that is not the current one; it must re-read the file',
    },
    pending: { level: 'debug', message: 'another reader reports the same token' },
    asked: { level: 'warn', message: 'a reader reports that the token is refused; asking the platform' },
    rival: { level: 'error', message: RIVAL_MESSAGE, advice: RIVAL },
    mirror: {
      level: 'warn',
      message: 'a reader reports that a mirrored token is refused',
      advice: {
        en: 'report it to the daemon that fetches it: this one only reads and publishes',
        zh: '上报给获取它的守护进程：本守护进程只读取和发布',
      },
    },
    checked: {
      level: 'warn',
      message:
        'a reader keeps reporting tokens although they were replaced; asking the platform whether this one works',
    },
    quiet: { level: 'debug', message: 'a reader keeps reporting tokens; the platform has just been asked' },
  },
  platform: {
    asked: {
      level: 'warn',
      message: 'the platform refused the token in a call of this daemon; fetching another',
    },
    later: {
      level: 'warn',
      message:
        'the platform keeps refusing new tokens in calls of this daemon; fetching another after a pause',
      advice: RIVAL,
    },
    rival: { level: 'error', message: RIVAL_MESSAGE, advice: RIVAL },
  },
  hint: {
    asked: {
      level: 'info',
      message: 'something has become known that may have ended the token; asking the platform',
    },
    later: {
      level: 'info',
      message:
        'something becomes known again and again that may have ended the token; asking the platform after a pause',
    },
  },
};

/**
 * The line for a doubt; undefined where it is nothing to tell.
 * @param isGranted it is the token of an account that has authorised a third party
 */
export function doubtLine(by: Doubter, verdict: DoubtVerdict, isGranted: boolean): DoubtLine | undefined {
  const line = DOUBTS[by][verdict];
  return line && line.advice === RIVAL && isGranted ? { ...line, advice: GRANTED_RIVAL } : line;
}

/** The line for what the platform said of a token that was doubted. */
export function probeLine({
  works,
  isReplaced,
}: Pick<Extract<Report, { type: 'probed' }>, 'works' | 'isReplaced'>): DoubtLine {
  if (works) return { level: 'info', message: 'the platform accepts the token that was doubted' };
  if (isReplaced)
    return { level: 'warn', message: 'the platform refuses the token that was doubted; fetching another' };
  return {
    level: 'error',
    message: 'the platform refuses the token, and an ordinary call brings no other',
    advice: {
      en: 'refresh --force, or allowForce: true, brings a new one and kills the old one',
      zh: 'refresh --force 或 allowForce: true 会换来新的，同时使旧的失效',
    },
  };
}
