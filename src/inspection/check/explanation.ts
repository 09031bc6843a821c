import { type Failure, textsOf } from '../../core/failure.ts';
import { type Fact, type Findings, MORE, TO_DO } from '../../core/findings.ts';
import { ridInWords } from '../../core/rid.ts';
import { en, type Text, verbatim, zh } from '../../core/text.ts';
import { durationText } from '../../observability/log/duration.ts';
import type { Attempt, Outcome, PlatformProbe } from './probe-platform.ts';

/** What `check --online` reports of one source: facts, warnings and a verdict. */
export interface Explanation extends Findings {
  /**
   * `untried`: it answers, and whether it would accept the credential is unknown; `passing`: try again later; `refused`:
   * a person must act.
   */
  readonly verdict: 'good' | 'untried' | 'passing' | 'refused';
}

/** A clock error above this limit, in ms, is worth a warning. */
const TOLERATED_CLOCK_ERROR = 5_000;

/** Explains the answer of the platform to the operator. */
export function explain({ attempts, outcome }: PlatformProbe): Explanation {
  const clock = attempts.findLast((attempt) => attempt.clock)?.clock;
  return {
    verdict: verdictOn(outcome),
    facts: [
      ...attempts.map(attemptInWords),
      ...answerInWords(outcome, attempts),
      ...(clock ? [clockInWords(clock)] : []),
    ],
    warnings: clock && Math.abs(clock.aheadMs) > TOLERATED_CLOCK_ERROR ? [clockAdvice(clock.aheadMs)] : [],
  };
}

function verdictOn(outcome: Outcome): Explanation['verdict'] {
  if (outcome.kind === 'dead') return 'refused';
  if (outcome.kind === 'reached') return 'untried';
  if (outcome.kind !== 'failed') return 'good';
  const { class: kind } = outcome.failure;
  return kind === 'refused' || kind === 'confirmation' ? 'refused' : 'passing';
}

function attemptInWords({ host, tookMs, failure }: Attempt): Fact {
  const took = Math.round(tookMs);
  if (!failure) {
    const text: Text = { en: `${host}, in ${took} ms`, zh: `${host}，用时 ${took} 毫秒` };
    return [{ en: 'reached', zh: '已连接' }, text];
  }
  const { message } = textsOf(failure);
  return [
    { en: 'no answer', zh: '没有应答' },
    { en: en`${host}, after ${took} ms: ${message}`, zh: zh`${host}，用时 ${took} 毫秒：${message}` },
  ];
}

function answerInWords(outcome: Outcome, attempts: readonly Attempt[]): readonly Fact[] {
  switch (outcome.kind) {
    case 'token':
      return [
        [
          ANSWER,
          {
            en: en`a token with ${durationText(outcome.lifeMs)} of life left (neither kept nor published)`,
            zh: zh`一个 token，剩余有效期 ${durationText(outcome.lifeMs)}（既不保存也不发布）`,
          },
        ],
      ];
    case 'works':
      return [
        [
          ANSWER,
          {
            en: en`the stored token works and has ${durationText(outcome.lifeMs)} of life left`,
            zh: zh`保存的 token 有效，剩余有效期 ${durationText(outcome.lifeMs)}`,
          },
        ],
        [MORE, { en: 'nothing was fetched: that would kill it', zh: '没有获取：获取会使它失效' }],
      ];
    case 'accepted':
      return [
        [
          ANSWER,
          {
            en: 'AppID, AppSecret and the IP whitelist of the third party are right: it was asked to push a ticket (api_start_push_ticket)',
            zh: '第三方平台的 AppID、AppSecret 和白名单 IP 都正确：已请求它推送 ticket（api_start_push_ticket）',
          },
        ],
        [
          MORE,
          {
            en: 'no token was fetched: that takes a ticket, and would end the token in use',
            zh: '没有获取 token：获取需要 ticket，并会使正在使用的失效',
          },
        ],
      ];
    case 'reached':
      return [
        [ANSWER, outcome.hasSecret ? SECRET_UNTRIED : TOKEN_UNTRIED],
        [MORE, NOT_FETCHED[outcome.why]],
      ];
    case 'listed':
      return [];
    case 'dead':
      return [
        [
          ANSWER,
          {
            en: 'the platform refuses the stored token, though it should still live',
            zh: '微信拒绝保存的 token，尽管它应当还在有效期内',
          },
        ],
        ...failureInWords(outcome.failure),
      ];
    case 'failed': {
      // If the last host gave no answer, the fact for that attempt has said so already.
      const isSaid = attempts.at(-1)?.failure?.message === outcome.failure.message;
      const [said, ...rest] = failureInWords(outcome.failure);
      return isSaid || !said ? rest : [said, ...rest];
    }
  }
}

const SECRET_UNTRIED: Text = {
  en: 'a call without the AppSecret is answered; AppSecret and IP whitelist were not tried:',
  zh: '不带 AppSecret 的调用有应答；AppSecret 和 IP白名单没有试过：',
};

const TOKEN_UNTRIED: Text = {
  en: 'the platform answers; whether it gives this account a token was not tried:',
  zh: '平台有应答；它是否会给这个账号 token 没有试过：',
};

const NOT_FETCHED = {
  'would-kill': {
    en: 'a fetch kills the one that is published, and no live one is stored here to try',
    zh: '获取会使已发布的失效，而这里也没有保存有效的可以试',
  },
  'no-budget': {
    en: 'the budget of fetches is used up for now, and what is left of it belongs to the daemon',
    zh: '获取的限额暂时用完了，剩下的留给守护进程',
  },
  'no-party': {
    en: 'no live token of the third party that it is fetched with is stored here',
    zh: '这里没有保存第三方平台的有效 token，而获取需要它',
  },
  'tickets-flow': {
    en: 'a fetch kills the one that is published, and no live one is stored here to try; tickets are pushed, so the platform is not asked for them either',
    zh: '获取会使已发布的失效，而这里也没有保存有效的可以试；ticket 推送正常，所以也不用请求推送',
  },
  'asked-already': {
    en: 'the daemon asked the platform to push a ticket within the last 10 minutes, which takes both: status tells what it was answered',
    zh: '守护进程在最近 10 分钟内请求过平台推送 ticket，这个请求要用到两者：结果见 status',
  },
  'no-ticket': {
    en: 'no ticket that the platform has pushed is here',
    zh: '这里没有平台推送的 ticket',
  },
} as const satisfies Readonly<Record<string, Text>>;

const ANSWER: Text = { en: 'answer', zh: '应答' };

function failureInWords(failure: Failure): readonly Fact[] {
  const { message, advice } = textsOf(failure);
  const { rid } = failure;
  return [
    [ANSWER, message],
    ...(advice ? [[TO_DO, advice] as const] : []),
    ...(rid === undefined ? [] : [[verbatim('rid'), ridInWords(rid)] as const]),
  ];
}

function clockInWords({ aheadMs, giveOrTakeMs }: NonNullable<Attempt['clock']>): Fact {
  const exactly = Math.max(1, Math.round(giveOrTakeMs / 1000));
  const clock: Text = { en: 'clock', zh: '时钟' };
  if (Math.abs(aheadMs) <= giveOrTakeMs) {
    const same: Text = {
      en: `as the platform's, give or take ${exactly} s`,
      zh: `与微信一致，误差 ${exactly} 秒`,
    };
    return [clock, same];
  }
  const [off, side] = [durationText(Math.abs(aheadMs)), sideOf(aheadMs)];
  return [
    clock,
    {
      en: en`${off} ${side}${aheadMs > 0 ? ' of' : ''} the platform's, give or take ${exactly} s`,
      zh: zh`比微信${side} ${off}，误差 ${exactly} 秒`,
    },
  ];
}

function sideOf(aheadMs: number): Text {
  return aheadMs > 0 ? { en: 'ahead', zh: '快' } : { en: 'behind', zh: '慢' };
}

function clockAdvice(aheadMs: number): Text {
  const [off, side] = [durationText(Math.abs(aheadMs)), sideOf(aheadMs)];
  const effect: Text =
    aheadMs > 0
      ? {
          en: 'readers with a right clock take a published token to live longer than it does',
          zh: '时钟正确的读取方会以为发布的 token 有效期更长',
        }
      : {
          en: 'readers with a right clock take a published token to be older than it is',
          zh: '时钟正确的读取方会以为发布的 token 更旧',
        };
  return {
    en: en`this machine's clock is ${off} ${side}: the daemon counts on its own clock, so its tokens stay fresh, but the times in files and logs are off by as much, and ${effect}; synchronise it (NTP, chrony)`,
    zh: zh`本机时钟${side}了 ${off}：守护进程按自己的时钟计算，所以 token 仍然新鲜，但文件和日志里的时间会差这么多，而且${effect}；请校准时钟（NTP、chrony）`,
  };
}

/**
 * Failures that only a person can solve, as far as a single request tells. A person who runs `check` asks once, and
 * hardly in the moment in which an API server starts, so refusals are taken seriously at once.
 */
const NEEDS_A_PERSON = new Set([
  'kube-credentials',
  'kube-missing',
  'kube-forbidden',
  'kube-unauthorized',
  'kube-immutable',
  'kube-denied',
  'kube-too-large',
  'redis-auth',
  'redis-credentials',
  'redis-cross-slot',
  'redis-database',
  'redis-forbidden',
  'redis-full',
  'redis-misconf',
  'redis-moved',
  'redis-not-redis',
  'redis-read-only',
  'redis-sentinel',
  'redis-unsupported',
  'redis-wrong-type',
]);

/** Begins the codes of what is wrong with certificates. */
const CERTIFICATES = 'redis-tls-';

/** Returns the verdict on a cluster or a Redis that was asked once; `good` if there are no failures. */
export function verdictOnStores(failures: readonly Failure[]): Explanation['verdict'] {
  const isGrave = ({ code }: Failure) => NEEDS_A_PERSON.has(code) || code.startsWith(CERTIFICATES);
  if (failures.some(isGrave)) return 'refused';
  return failures.length > 0 ? 'passing' : 'good';
}
