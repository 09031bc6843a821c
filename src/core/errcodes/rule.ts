import type { Backoff, FailureClass } from '../failure.ts';
import { en, type Text, zh } from '../text.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../time.ts';

/**
 * What one errcode means for a token daemon. In `meaning` and `advice`, `{ip}` stands for the caller's address as
 * the platform saw it and `{errcode}` for the code.
 */
export interface ErrcodeRule {
  readonly class: FailureClass;
  readonly backoff: Backoff;
  /** Short; the English with the platform's own term in parentheses. */
  readonly meaning: Text;
  /** What a person should do, where a person can. */
  readonly advice?: Text;
  /** May the token that was sent still be believed after this answer? `unclear`: the answer has another reason as well. */
  readonly token: 'trusted' | 'suspect' | 'unclear';
  /** It is the AppSecret that was refused: one that has another may do better. */
  readonly secret?: 'refused';
  /** It is the pushed ticket that was refused: only a newer one helps. */
  readonly pushedTicket?: 'refused';
  /** The authorisation behind the token is gone: the token that is there is dead, whatever its end claims. */
  readonly authorisation?: 'gone';
}

export type RuleTable = Readonly<Record<number, ErrcodeRule>>;

/**
 * What was asked. `token`: an endpoint that takes the secret and gives a token. `ticket`: one that takes the token,
 * a business call such as a probe included. 40001 blames the secret at the first and the token at the second. The others
 * are calls of third parties: `component-token` and `suite-token` take a secret and a pushed ticket, `start-push` takes
 * a secret, `authorizer-token`, `authorizer-list`, `query-auth` and `corp-token` take the token of the third party.
 */
export const ENDPOINT_KINDS = [
  'token',
  'ticket',
  'component-token',
  'start-push',
  'query-auth',
  'authorizer-token',
  'authorizer-list',
  'suite-token',
  'corp-token',
] as const;

export type EndpointKind = (typeof ENDPOINT_KINDS)[number];

/** The rules of one platform: those of a kind of endpoint go before those of `any`. */
export interface FamilyRules extends Readonly<Partial<Record<EndpointKind, RuleTable>>> {
  readonly any: RuleTable;
  /** For a code that no table holds. */
  readonly unknown: ErrcodeRule;
}

/** What the rows of one kind share. */
type Kind = Pick<ErrcodeRule, 'class' | 'backoff' | 'token'>;

function kind(failureClass: FailureClass, backoff: Backoff): Kind {
  return { class: failureClass, backoff, token: 'trusted' };
}

/** The platform named the wait, so no attempt comes before it. */
function every(wait: number): Backoff {
  return { first: wait, growth: 1, cap: wait, jitter: 'added' };
}

export const BUSY = kind('passing', { first: SECOND, growth: 2, cap: MINUTE, jitter: 'full' });

/** A few quick tries, then minutes: for answers that may not pass, or that must not be asked for often. */
export const SLOW = kind('passing', { first: 5 * SECOND, growth: 3, cap: 10 * MINUTE, jitter: 'full' });

/** The cure is another token, so asking again with the same one soon would be in vain. */
export const SUSPECT: Kind = {
  class: 'passing',
  backoff: { first: 5 * SECOND, growth: 2, cap: 5 * MINUTE, jitter: 'full' },
  token: 'suspect',
};

/** Limits of a minute: the window has to pass. */
export const FREQUENCY = kind('frequency', {
  first: MINUTE,
  growth: 2,
  cap: 10 * MINUTE,
  jitter: 'added',
});

/** A block of unknown length, between a minute and days. */
export const BLOCKED = kind('frequency', { first: MINUTE, growth: 2, cap: HOUR, jitter: 'added' });

/** Too many calls at one moment: spreading them is what helps. */
export const CROWDED = kind('frequency', { first: 5 * SECOND, growth: 2, cap: MINUTE, jitter: 'full' });

export const QUOTA = kind('quota', every(HOUR));

export const REFUSED = kind('refused', { first: MINUTE, growth: 2, cap: 5 * MINUTE, jitter: 'added' });

/**
 * What somebody mends in the console, where this program cannot see it: a mended one is met within the minute, jitter
 * included. Whether WeChat counts a refused call is not known, so each counts against the budget of the day, which
 * slows these tries down from its half on and so keeps the other half for what is mended later.
 */
const MENDED_IN_CONSOLE = kind('refused', every(50 * SECOND));

export const WRONG_SECRET = { ...MENDED_IN_CONSOLE, secret: 'refused' } as const;

/**
 * A pushed ticket was refused. The same one must not be sent again soon (docs/wechat-facts.md, Third parties), and the
 * next push ends the pause.
 */
export const WRONG_TICKET = {
  ...kind('refused', { first: 10 * MINUTE, growth: 2, cap: HOUR, jitter: 'added' }),
  pushedTicket: 'refused',
} as const;

/** An account has withdrawn its authorisation: only its admin can give it again, and nothing tells of that. */
export const UNAUTHORISED = kind('refused', {
  first: 10 * MINUTE,
  growth: 2,
  cap: HOUR,
  jitter: 'added',
});

/** A changed list takes 5 to 10 minutes to apply, so never give up. */
export const WHITELIST = MENDED_IN_CONSOLE;

/**
 * WeCom blocks gettoken for an hour after about 2000 failing calls in an hour, counted over everyone who uses the
 * corp, and only a changed configuration (which is tried at once) can make these calls succeed.
 */
export const WRONG_PARAMETERS = kind('refused', {
  first: 30 * MINUTE,
  growth: 2,
  cap: 4 * HOUR,
  jitter: 'added',
});

export const WRONG_CORP_SECRET = { ...WRONG_PARAMETERS, secret: 'refused' } as const;

/** Counts towards the same WeCom block, but is healed in the console, where this program cannot see it. */
export const WITHDRAWN = kind('refused', {
  first: 5 * MINUTE,
  growth: 2,
  cap: 30 * MINUTE,
  jitter: 'added',
});

export const CONFIRMATION = kind('confirmation', every(5 * MINUTE));
export const DECLINED_ONCE = kind('confirmation', every(HOUR));
export const DECLINED_TWICE = kind('confirmation', every(DAY));

/** Advice where the platform misses or dislikes a part of the request that this program always sends. */
export const DISTORTED: Text = {
  en: 'Look for a proxy or gateway that rewrites the request on its way; if there is none, report this as a bug.',
  zh: '检查途中是否有改写请求的代理或网关；如果没有，请报告缺陷。',
};

/** Advice where the platform misses the secret. */
export const SECRET_MISSING: Text = {
  en: en`Check that the configured secret is not empty. ${DISTORTED}`,
  zh: zh`检查配置的 AppSecret（企业微信为 Secret）是否为空。${DISTORTED}`,
};

/** Said after advice on what is mended in a console: nobody need restart anything. */
export const AGAIN: Text = {
  en: 'The daemon asks again every minute; `refresh NAME` asks at once.',
  zh: '守护进程每分钟再试一次；`refresh NAME` 立即再试。',
};
