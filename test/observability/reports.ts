import { platformFailure } from '../../src/core/errcodes/index.ts';
import type { Report } from '../../src/core/events/report.ts';
import type { FetchStep } from '../../src/core/plan.ts';
import type { Doubter, DoubtVerdict } from '../../src/core/state/doubts.ts';
import { HOUR } from '../../src/core/time.ts';
import { PASSING_FAULT, TARGET } from '../support/story.ts';

const DUE: FetchStep = { kind: 'fetch', reason: 'due', forced: false };
const MISSING: FetchStep = { ...DUE, reason: 'missing' };

/** What the reconciler reports. */
export const report = {
  first: { type: 'refreshed', step: MISSING, lifeMs: HOUR, tookMs: 300 },
  refreshed: { type: 'refreshed', step: DUE, lifeMs: HOUR, tookMs: 300 },
  unchanged: { type: 'unchanged', step: DUE, lifeMs: HOUR, tookMs: 20 },
  timeout: {
    type: 'failed',
    step: DUE,
    isFirst: false,
    failure: PASSING_FAULT,
    lifeMs: HOUR,
    tookMs: 10_000,
  },
  refused: (errcode: number): Report => ({
    type: 'failed',
    step: DUE,
    isFirst: false,
    failure: platformFailure('official', 'token', { errcode, errmsg: '' }),
    lifeMs: HOUR,
    tookMs: 80,
  }),
  published: (result: 'written' | 'unchanged', target = TARGET): Report => ({
    type: 'published',
    target,
    result,
    expiresAt: 0,
  }),
  unpublished: (target = TARGET): Report => ({ type: 'unpublished', target, failure: PASSING_FAULT }),
  doubt: (verdict: DoubtVerdict, by: Doubter = 'reader'): Report => ({ type: 'doubt', by, verdict }),
} as const satisfies Record<string, Report | ((...parts: never[]) => Report)>;
