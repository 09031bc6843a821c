import type { Report } from '../../core/events/report.ts';
import type { Failure } from '../../core/failure.ts';
import { LIST_KIND } from '../../core/listing.ts';
import type { FetchStep } from '../../core/plan.ts';
import type { Disturbance, Unit } from '../../core/ports.ts';
import { NO_PUSH } from '../../core/push-trouble.ts';
import { ridTimeText } from '../../core/rid.ts';
import type { PushStanding } from '../../core/state/pushed.ts';
import type { DowngradeReason } from '../../core/state/request.ts';
import type { Text } from '../../core/text.ts';
import { codeLine } from './code-lines.ts';
import { doubtLine, isOften, probeLine } from './doubt-lines.ts';
import { inWords } from './duration.ts';
import type { Fields, Logger } from './logger.ts';
import { toldFields } from './told-fields.ts';

/** What is fetched, by its kind; everything else is a ticket. */
const NOUNS: ReadonlyMap<string, string> = new Map([
  ['token', 'token'],
  [LIST_KIND, 'list of accounts'],
]);

/** The unit that a report is about. */
type Named = Pick<Unit, 'name' | 'kind' | 'base'>;

/**
 * Logs what happens to the units, one line for each report. A failure that repeats is logged the first, second, fourth,
 * eighth … time, so an outage of hours makes a handful of lines.
 */
export function createEventLog(logger: Logger): (of: Named | undefined, report: Report) => void {
  const repeats = new Map<string, number>();
  /** What is known to be wrong with targets that hold their token. */
  const flaws = new Map<string, string>();
  /** Units whose state folder has failed since their last fetch began. */
  const troubled = new Set<string>();
  /**
   * Units for which the platform returned the same value again: around the end of a ticket it does so every few
   * seconds.
   */
  const repeated = new Set<string>();

  function isNews(id: string, what: string, failure: Failure): boolean {
    // A passing failure that has become permanent counts as a new one.
    return isTimeToTell(id, `${what} ${failure.code} ${failure.class}`);
  }

  function isTimeToTell(id: string, what: string): boolean {
    const key = `${id} ${what}`;
    const times = (repeats.get(key) ?? 0) + 1;
    repeats.set(key, times);
    return (times & (times - 1)) === 0;
  }

  /** Logs what is wrong with a target once while it lasts: it is found again at every look, each minute. */
  function tellFlaw(key: string, flaw: Failure | undefined, fields: Fields): void {
    if (flaw && flaws.get(key) !== flaw.message) logger.warn(flaw.message, { ...fields, ...details(flaw) });
    if (flaw) flaws.set(key, flaw.message);
    else flaws.delete(key);
  }

  function forget(id: string, what: string): void {
    for (const key of repeats.keys()) if (`${key} `.startsWith(`${id} ${what} `)) repeats.delete(key);
  }

  return (of, report) => {
    const { name: credential, kind = 'token' } = of ?? {};
    const noun = NOUNS.get(kind) ?? 'ticket';
    const who: Fields = { ...(credential && { credential }), ...(kind !== 'token' && { kind }) };
    const id = `${credential}/${kind}`;
    switch (report.type) {
      case 'fetching':
        // Before a fetch the daemon locks and writes the state folder, and some units go on when that fails. So only
        // a fetch without a failure before it proves that the folder works.
        if (!troubled.delete(id)) forget(id, 'state');
        if (report.step.downgraded) logger.warn(DOWNGRADES[report.step.downgraded], who);
        if (report.step.early) logger.warn(EARLY, who);
        return logger.debug('asking the platform', {
          ...who,
          reason: report.step.reason,
          forced: report.step.forced,
        });
      case 'refreshed':
        repeated.delete(id);
        forget(id, 'fetch');
        forget(id, 'budget');
        if (report.step.forced) logger.warn(FORCED, { ...who, advice: READ_AGAIN });
        return logger.info(`fetched a new ${noun}, valid for ${inWords(report.lifeMs)}`, {
          ...who,
          ...call(report),
        });
      case 'unchanged':
        forget(id, 'fetch');
        // The user who requested the refresh waits for an answer, so it is logged even when it repeats.
        logger[repeated.has(id) && report.step.reason !== 'requested' ? 'debug' : 'info'](
          `the platform returned the same ${noun}, valid for ${inWords(report.lifeMs)}`,
          { ...who, ...call(report) },
        );
        repeated.add(id);
        return;
      case 'adopted':
        repeated.delete(id);
        forget(id, 'fetch');
        forget(id, 'state');
        return report.lifeMs > 0
          ? logger.info(`adopted a stored ${noun}, valid for ${inWords(report.lifeMs)}`, who)
          : logger.info(
              `found a stored ${noun}, but ${report.unauthorised ? 'the authorisation behind it is gone' : 'it has expired'}`,
              who,
            );
      case 'unauthorised':
        return logger.error(
          `another daemon was told that the authorisation is gone: the ${noun} counts as dead: ${report.failure.message}`,
          { ...who, ...details(report.failure) },
        );
      case 'found': {
        repeated.delete(id);
        forget(id, 'fetch');
        const where = report.target === undefined ? 'what is published' : report.target;
        const life = `valid for ${inWords(report.lifeMs)}`;
        return report.isFirst
          ? logger.warn(`the record lagged behind: took over the ${noun} from ${where}, ${life}`, {
              ...who,
              advice: LAGGED,
            })
          : logger.warn(`found a newer ${noun} in ${where} and took it over, ${life}`, {
              ...who,
              advice: SHARED,
            });
      }
      case 'doubtful':
        if (!isTimeToTell(id, `doubtful ${report.target}`)) return;
        return logger.warn(
          `somebody wrote another ${noun} into ${report.target}; asking the platform for the newest`,
          {
            ...who,
            advice: SHARED,
          },
        );
      case 'shared':
        if (!isTimeToTell(id, `shared ${report.target}`)) return;
        return logger.warn(`another daemon publishes into ${report.target}`, { ...who, advice: SHARED });
      case 'disturbed': {
        if (!isTimeToTell(id, `disturbed ${report.target} ${report.what}`)) return;
        const { message, advice } = DISTURBANCES[report.what];
        return logger.warn(`${message(noun, report.target)}; it is set again while ours lives`, {
          ...who,
          target: report.target,
          advice,
        });
      }
      case 'failed': {
        // The token has just ended, and the next one is being fetched.
        if (report.failure.code === 'no-token') return logger.debug(report.failure.message, who);
        if (report.isFirst) forget(id, 'fetch');
        // A failure is logged anew once the token has ended.
        const live = report.lifeMs > 0;
        if (!isNews(id, live ? 'fetch' : 'fetch dead', report.failure)) return;
        const rest = live
          ? `the ${noun} is valid for another ${inWords(report.lifeMs)}`
          : `there is no live ${noun}`;
        const fields = { ...who, ...call(report), ...details(report.failure) };
        return logger[live ? 'warn' : 'error'](`${report.failure.message}; ${rest}`, fields);
      }
      case 'restored':
        forget(id, 'fetch');
        return logger.info('the AppSecret is again the one that WeChat last accepted', who);
      case 'exhausted': {
        if (!report.requested && !isTimeToTell(id, 'budget')) return;
        const rest =
          report.lifeMs > 0
            ? `the ${noun} is valid for another ${inWords(report.lifeMs)}`
            : `there is no live ${noun}`;
        return logger[report.lifeMs > 0 ? 'warn' : 'error'](
          `call budget exhausted; next fetch in ${inWords(report.ms)}; ${rest}`,
          { ...who, advice: BUDGET },
        );
      }
      case 'postponed':
        return logger.warn(
          `refresh postponed: the ${noun} has just replaced another, and readers get a minute to take it up; ` +
            `it is fetched in ${inWords(report.ms)}`,
          {
            ...who,
            advice: {
              en: 'refresh --force does not wait: it kills the one that slow readers still hold',
              zh: 'refresh --force 不等待：它会使较慢的读取方手里的那一个失效',
            },
          },
        );
      case 'handed-over':
        forget(id, 'state');
        return logger.info('forwarded the request to the leader', {
          ...who,
          reason: report.reason,
        });
      case 'lagging':
        return logger.warn('not refreshed: this AppSecret is outdated, other daemons use a newer one', who);
      case 'doubt': {
        const isGranted = of?.base !== undefined && kind === 'token';
        const line = doubtLine(report.by, report.verdict, isGranted);
        if (!line) return;
        const { level, message, ...fields } = line;
        if (isOften(report.verdict) && !isTimeToTell(id, report.verdict)) return;
        return logger[level](message, { ...who, ...fields });
      }
      case 'probed': {
        const { level, message, ...fields } = probeLine(report);
        return logger[level](message, { ...who, ...fields });
      }
      case 'pushes': {
        const { level, message, advice } = PUSHES[report.standing];
        const age = report.ageMs === undefined ? '' : `; the newest ticket is ${inWords(report.ageMs)} old`;
        return logger[level](`${message}${age}`, { ...who, ...(advice && { advice }) });
      }
      case 'code':
      case 'unserved-code':
      case 'permanent-code': {
        const { level, message, ...fields } = codeLine(report);
        return logger[level](message, { ...who, ...fields });
      }
      case 'push-started':
        if (!report.failure) {
          forget(id, 'push');
          return logger.info('asked the platform to push tickets; one comes within 10 minutes', who);
        }
        if (!isNews(id, 'push', report.failure)) return;
        return logger.warn(`the platform was asked to push tickets: ${report.failure.message}`, {
          ...who,
          ...details(report.failure),
        });
      case 'unstored':
        troubled.add(id);
        if (!isNews(id, 'state', report.failure)) return;
        return logger.warn(report.failure.message, { ...who, ...details(report.failure) });
      case 'published':
        forget(id, report.target);
        forget(id, `doubtful ${report.target}`);
        tellFlaw(`${id} ${report.target}`, report.flaw, { ...who, target: report.target });
        if (report.result === 'unchanged')
          return logger.debug('already up to date', { ...who, target: report.target });
        return logger.info('published', { ...who, target: report.target });
      case 'unpublished':
        if (!isNews(id, report.target, report.failure)) return;
        return logger.error(report.failure.message, {
          ...who,
          target: report.target,
          ...details(report.failure),
        });
    }
  };
}

function call({ step, tookMs }: { readonly step: FetchStep; readonly tookMs: number }): Fields {
  return { reason: step.reason, ...(step.forced && { forced: true }), took_ms: Math.round(tookMs) };
}

function details(failure: Omit<Failure, 'effect' | 'backoff'>): Fields {
  const { code, errcode, rid } = failure;
  const ridTime = rid && ridTimeText(rid);
  return {
    code,
    ...(errcode !== undefined && { errcode }),
    ...(rid && { rid }),
    ...(ridTime && { rid_time_unofficial: ridTime }),
    ...toldFields(failure),
  };
}

/** What a forced refresh means for readers. */
const FORCED =
  'forced refresh: the token before is dead at once, and every reader that holds it is refused (40001) until it ' +
  'reads the new one';
const READ_AGAIN: Text = {
  en:
    'readers that read the file at each use, or again after a 40001, go on; restart those that read it once. ' +
    'onHangup: retry (WXTOKEN_ON_HUP) keeps HUP from forcing',
  zh:
    '每次使用都读文件、或遇到 40001 后重读的读取方不受影响；只读一次的要重启。' +
    'onHangup: retry（WXTOKEN_ON_HUP）可以让 HUP 不再强制刷新',
};

/** What it means that somebody did not wait for readers. */
const EARLY =
  'refresh --force within a minute of the last replacement: the token before the current one dies now, and readers ' +
  'that have not read the file since are refused (40001) until they do';

/** Log lines for the pushes of a ticket. */
const PUSHES: Readonly<
  Record<PushStanding, { level: 'info' | 'warn' | 'error'; message: string; advice?: Text }>
> = {
  flowing: { level: 'info', message: 'the platform pushes tickets' },
  none: { level: 'warn', message: 'no ticket has been pushed yet', advice: NO_PUSH },
  quiet: { level: 'warn', message: 'no ticket has been pushed for long', advice: NO_PUSH },
  ending: {
    level: 'error',
    message: 'the pushed ticket has ended or is about to: no token can be fetched without another one',
    advice: NO_PUSH,
  },
};

/** Advice when the call budget is exhausted. */
const BUDGET: Text = {
  en:
    'find what causes so many fetches (HUP, feedback, a platform that returns short lifetimes); the budget is ' +
    'WXTOKEN_FETCHES_PER_DAY, or budget.fetchesPerDay: what WeChat allows the account a day',
  zh:
    '找出获取这么频繁的原因（HUP、反馈、平台给的有效期太短）；限额是 WXTOKEN_FETCHES_PER_DAY 或 ' +
    'budget.fetchesPerDay：微信每天允许该账号的次数',
};

/** Advice when the record was older than what is published. */
const LAGGED: Text = {
  en:
    'the state was lost, is another one, or could not be written when the token came: look at the volume of the state ' +
    'folder, or at the Redis of state.redis',
  zh: '状态丢失过、换了一个，或者 token 到来时无法写入：检查状态目录所在的卷，或 state.redis 的 Redis',
};

/** Advice when a target is written by a daemon that does not share our records. */
const SHARED: Text = {
  en:
    'find who else publishes there: let both daemons share their state (one WXTOKEN_STATE_DIR, or one prefix in one ' +
    'Redis under state.redis), or let one of them only read',
  zh:
    '找出还有谁往那里发布：让两个守护进程共用状态（同一个 WXTOKEN_STATE_DIR，或 state.redis 下同一个 Redis 的同一个前缀），' +
    '或者让其中一个只读取',
};

/** Log lines for what somebody else did to a target. */
const DISTURBANCES: Readonly<
  Record<Disturbance, { readonly advice: Text; readonly message: (noun: string, target: string) => string }>
> = {
  replaced: {
    message: (noun, target) => `somebody else wrote another ${noun} into ${target}`,
    advice: {
      en:
        'an SDK fetches by itself, because it once did not find the key: give the app a placeholder as its AppSecret, ' +
        'which the daemon alone needs, and let the daemon start first',
      zh: 'SDK 曾经找不到这个键，于是自己去取：给应用一个占位符当 AppSecret（真正的只有守护进程需要），并让守护进程先启动',
    },
  },
  removed: {
    message: (noun, target) => `somebody removed the ${noun} from ${target}`,
    advice: {
      en:
        'an SDK removes it when WeChat refuses a call (40001), and then fetches by itself: give the app a placeholder as ' +
        'its AppSecret; if the token is refused again and again, somebody else fetches for the account',
      zh:
        '微信拒绝调用（40001）时，SDK 会删除它，然后自己去取：给应用一个占位符当 AppSecret；如果令牌一再被拒绝，说明还有' +
        '别人在为这个账号取令牌',
    },
  },
  lost: {
    message: (noun, target) => `the ${noun} is gone from ${target}, with all that was published there`,
    advice: {
      en:
        'the server was restarted without its data, failed over, was emptied (FLUSHALL) or evicts keys: see its log, and ' +
        'maxmemory-policy',
      zh: '服务器重启后没有数据、发生了故障转移、被清空（FLUSHALL）或淘汰了键：检查它的日志和 maxmemory-policy',
    },
  },
};

/** Why a requested forced refresh was downgraded to an ordinary call. */
const DOWNGRADES: Readonly<Record<DowngradeReason, string>> = {
  uncoordinated:
    'forced refresh downgraded to an ordinary call: a forced one would kill the token that daemons outside this state ' +
    'folder hold; refresh --force overrides this',
  store:
    'forced refresh downgraded to an ordinary call: a forced one kills the token that others hold, so it is recorded ' +
    'first, and the state (folder, Secret or Redis) does not work',
  spacing:
    'forced refresh downgraded to an ordinary call: WeChat ignores a forced one within 30 s of another',
  'forced-budget': 'forced refresh downgraded to an ordinary call: forced budget exhausted',
};
