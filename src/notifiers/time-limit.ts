import type { EdgeError } from '../core/failure.ts';
import type { Text } from '../core/text.ts';
import { SECOND } from '../core/time.ts';
import { startDeadline } from '../system/time/deadline.ts';
import { notifyFailure } from './notifier.ts';

export interface TimeLimit {
  /** Name of the notifier, for messages. */
  readonly id: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** What the operator should do when the time is not enough; asked for when it has passed. */
  readonly advice: () => Text;
}

/**
 * Waits for work until its time limit or until the daemon stops. Work in progress is not ended: its caller does
 * that. Work that has yet to begin must not begin once the signal `end` has fired.
 * @throws {EdgeError} `timeout`, `stopped` or `removed`; otherwise what the work throws
 */
export async function withinTime<T>(
  limit: TimeLimit,
  stop: AbortSignal,
  work: (end: AbortSignal) => Promise<T>,
): Promise<T> {
  if (stop.aborted) throw stoppedFailure(limit.id, stop.reason);
  // The deadline listens before the work does, so that the failure is the reason and not its effect on the work.
  const deadline = startDeadline({ ms: limit.timeout, until: [stop] });
  try {
    return await Promise.race([deadline.reached, work(deadline.signal)]);
  } catch (error) {
    if (!deadline.signal.aborted || error !== deadline.signal.reason) throw error;
    throw stop.aborted && error === stop.reason
      ? stoppedFailure(limit.id, stop.reason)
      : timeoutFailure(limit);
  } finally {
    deadline.release();
  }
}

function timeoutFailure({ id, timeout, advice }: TimeLimit): EdgeError {
  const message = {
    en: `${id} was not done within ${timeout / SECOND} s`,
    zh: `${id} 没有在 ${timeout / SECOND} 秒内完成`,
  };
  return notifyFailure({ code: 'timeout', message, advice: advice() });
}

/** Why deliveries end early: the daemon stops, or the notifier was removed from the configuration. */
export type StopReason = 'stopped' | 'removed';

/**
 * Creates the error for a delivery that ended early.
 * @param why an {@link StopReason}, as the reason of a signal; any other value means that the daemon stops
 */
export function stoppedFailure(id: string, why: unknown): EdgeError {
  if (why === ('removed' satisfies StopReason)) {
    return notifyFailure({
      code: 'removed',
      message: {
        en: `${id} is no longer configured and was ended before it was done`,
        zh: `${id} 已从配置中移除，没有完成就被结束`,
      },
      advice: { en: 'nothing, if it was meant so', zh: '如果是有意的，无需处理' },
    });
  }
  return notifyFailure({
    code: 'stopped',
    message: { en: `the daemon stopped before ${id} was done`, zh: `${id} 完成之前守护进程停止了` },
    advice: {
      en: 'the app must also read the file again by itself, at least once a minute',
      zh: '应用也必须自己重读文件，至少每分钟一次',
    },
  });
}
