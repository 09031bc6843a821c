import { measureCalls } from './calls.ts';
import { measureDay } from './day.ts';
import { measureFollow } from './follow.ts';
import { measurePublish } from './publish.ts';
import { measureReading } from './reading.ts';
import { measureRedis } from './redis.ts';
import { measureRest } from './rest.ts';
import type { Measure } from './row.ts';
import { measureScale } from './scale.ts';
import { measureStart } from './start.ts';
import { measureTick } from './tick.ts';

/** What is measured, in the order of the table of budgets. */
export const MEASURES: Readonly<Record<string, Measure>> = {
  start: measureStart,
  rest: measureRest,
  publish: measurePublish,
  follow: measureFollow,
  tick: measureTick,
  scale: measureScale,
  calls: measureCalls,
  reading: measureReading,
  redis: measureRedis,
  day: measureDay,
};
