import type { PushReport, PushVerdict } from '../../core/events/push.ts';
import type { Clock } from '../../core/ports.ts';
import { type PushRefusal, refusalInWords } from '../../core/push-trouble.ts';
import type { PushDialect } from '../../core/pushed-ticket.ts';
import type { Text } from '../../core/text.ts';
import { MINUTE, SECOND } from '../../core/time.ts';
import type { Logger } from './logger.ts';

/** Anybody on the internet can make these, so they are told at most so often, with their number; ms. */
const REFUSED_EVERY = MINUTE;

/** Most ids of accounts that are not served here that are told, each once: anybody can invent them. */
const MOST_UNKNOWN = 20;

/** A path, and an id, that can be shown. */
const SHOWN_PATH = /^\/[\w./-]{0,127}$/;
const SHOWN = /^[\w-]{1,64}$/;

const KEY_ADVICE: Text = {
  en: 'if the platform sends them, compare Token and EncodingAESKey with its console, and the appid with that of the platform',
  zh: '如果是平台发来的，请与后台核对 Token 和 EncodingAESKey，并核对 AppID 是不是平台的',
};
const UNKNOWN_ADVICE: Text = {
  en: 'serve it with a credential of its own, or leave it: it is answered and dropped',
  zh: '为它配置一份凭据，或者不用管：已应答并丢弃',
};

const PATH_ADVICE: Text = {
  en: 'if the platform sends it, compare the URL in its console, and what the ingress makes of it, with path of the push',
  zh: '如果是平台发来的，请核对后台里的 URL、ingress 转发后的路径与 push 的 path',
};

const LEFT_ADVICE: Text = {
  en: 'within its 10 minutes somebody has to exchange it for the permanent code (get_permanent_code) and put that into secretFile of the wecom-corp; afterwards only the corp can help, by authorising again. Let the daemon do so: set permanentCodes of the push, or an app: set forward',
  zh: '请在 10 分钟有效期内用它换取永久授权码（get_permanent_code），并写入该 wecom-corp 的 secretFile；过期后只有企业重新授权才行。可以让守护进程来做：设置 push 的 permanentCodes；或者让应用来做：设置 forward',
};

/** Logs pushes of the platform: what they are and what became of them, and nothing that they hold. */
export function createPushLog(logger: Logger, clock: Clock): (report: PushReport) => void {
  const unknown = new Set<string>();
  /** Of each reason, so that what anybody can make hides nothing of what the platform sends. */
  const refused = new Map<string, { times: number; toldAt: number }>();

  /** @returns how many there were since the last time, this one included; undefined where it is not yet time to tell */
  function timesToTell(key: string): number | undefined {
    const { times, toldAt } = refused.get(key) ?? { times: 0, toldAt: Number.NEGATIVE_INFINITY };
    const now = clock.now().monotonic;
    const isTime = now - toldAt >= REFUSED_EVERY;
    refused.set(key, isTime ? { times: 0, toldAt: now } : { times: times + 1, toldAt });
    return isTime ? times + 1 : undefined;
  }

  return ({ verdict, credential, id, path, infoType, age, problem, isLeft, refusal, dialect }) => {
    const fields = {
      ...(credential !== undefined && { credential }),
      ...(id !== undefined && SHOWN.test(id) && { app_id: id }),
      ...(infoType !== undefined && { info_type: infoType }),
      ...(age !== undefined && { age_s: Math.round(age / SECOND) }),
      verdict,
    };
    switch (verdict) {
      case 'failed':
        return logger.error(`a push of the platform failed: ${problem ?? 'unexpected'}`, fields);
      case 'unknown-account': {
        const known = id ?? '';
        if (unknown.has(known) || unknown.size >= MOST_UNKNOWN) return;
        unknown.add(known);
        return logger.warn('a push for an account that is not served here', {
          ...fields,
          advice: UNKNOWN_ADVICE,
        });
      }
      case 'stale':
      case 'refused': {
        const key = refusal === undefined ? '' : `${credential} ${refusal}`;
        const times = timesToTell(key);
        if (times === undefined) return;
        const { message, ...told } = refusedInWords(refusal, dialect);
        return logger.warn(message, { ...fields, ...(times > 1 && { times }), ...told });
      }
      case 'unknown-path': {
        const times = timesToTell('unknown path');
        if (times === undefined) return;
        return logger.warn('a push for a path that is not configured', {
          ...fields,
          ...(path !== undefined && SHOWN_PATH.test(path) && { path }),
          ...(times > 1 && { times }),
          advice: PATH_ADVICE,
        });
      }
      case 'event':
        if (!isLeft) return logger.info('push received', fields);
        return logger.warn('a push brought an authorisation code that nothing here exchanges', {
          ...fields,
          advice: LEFT_ADVICE,
        });
      default:
        return QUIET.has(verdict)
          ? logger.debug('push received', fields)
          : logger.info('push received', fields);
    }
  };
}

/** They come every few minutes. */
const QUIET: ReadonlySet<PushVerdict> = new Set(['ticket', 'older', 'ignored']);

/** Of what names no account that is served nobody knows by which key it should have been made. */
function refusedInWords(
  refusal: PushRefusal | undefined,
  dialect: PushDialect | undefined,
): { readonly message: string; readonly meaning?: { readonly zh: string }; readonly advice: Text } {
  if (refusal === undefined || dialect === undefined)
    return { message: 'a push that is not from the platform was refused', advice: KEY_ADVICE };
  const { why, advice } = refusalInWords(refusal, dialect);
  return { message: `a push was refused: ${why.en}`, meaning: { zh: `推送被拒绝：${why.zh}` }, advice };
}
