import { describe, expect, it } from 'vitest';
import type { DeliveryEvent } from '../../../src/core/events/delivery.ts';
import { PASSING } from '../../../src/core/failure.ts';
import { createDeliveryLog, createNotifierQueueLog } from '../../../src/observability/log/delivery-log.ts';
import { journal } from '../journal.ts';

const told = {
  credential: 'shop',
  kind: 'token',
  notifier: 'notify[0] exec:/app/warm',
  attempt: 5,
  attempts: 5,
  tookMs: 1,
} as const;

function givenUp(code: string): DeliveryEvent {
  const failure = {
    class: 'passing',
    code,
    message: 'why',
    zh: { message: 'why' },
    effect: 'none',
    backoff: PASSING,
  } as const;
  return { ...told, type: 'given-up', failure };
}

describe('notifier log', () => {
  it('a notifier given up is logged as an error, a removed one as information', () => {
    const { logger, entries } = journal();
    const log = createDeliveryLog(logger);
    log(givenUp('exit-1'));
    log(givenUp('removed'));
    expect(entries()).toMatchObject([
      { level: 'error', message: 'why; given up until the next change', code: 'exit-1' },
      { level: 'info', message: 'why', notifier: 'notify[0] exec:/app/warm' },
    ]);
  });

  it('a warning names the notifier that waits and a few of those that run', () => {
    const { logger, entries } = journal();
    const wait = { credential: 'shop', notifier: 'exec:/app/warm', of: 'exec:/app/warm' };
    createNotifierQueueLog(logger)({ ...wait, taken: ['a', 'a', 'b', 'c', 'd', 'e'] });
    expect(entries()).toMatchObject([
      {
        level: 'warn',
        message: 'notifier is queued: all slots of exec:/app/warm are in use',
        credential: 'shop',
        notifier: 'exec:/app/warm',
        running: ['a', 'b', 'c', 'and 2 more'],
      },
    ]);
  });
});
