import type { Instant } from '../core/time.ts';
import type { View } from '../core/view.ts';
import type { History } from './history.ts';
import type { HttpAnswer } from './http-server.ts';
import { statusOf } from './status.ts';

export function statusPage(views: readonly View[], history: History, now: Instant): HttpAnswer {
  return {
    status: 200,
    type: 'text/html; charset=utf-8',
    body: JSON.stringify(views.map((view) => [statusOf(view, now), history.of(view.unit)])),
  };
}
