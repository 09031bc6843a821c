import type { PushReport } from '../core/events/push.ts';
import type { View } from '../core/plan.ts';
import type { Clock } from '../core/ports.ts';
import { type LostPushes, withPush } from '../core/push-trouble.ts';

/** Remembers the pushes that the receiver did not take, for status: of each credential since the last one that it took. */
export interface LostPushesView {
  pushed(report: PushReport): void;
  /** Adds them to the views of the credentials that they are for. */
  withLost(views: Iterable<View>): Iterable<View>;
  /** What is wrong with pushes, without how often: it changes with the reason alone, however many come. */
  mark(): string;
}

export function createLostPushes(clock: Clock): LostPushesView {
  const lost = new Map<string, LostPushes>();

  return {
    pushed(report) {
      const { credential } = report;
      if (credential === undefined) return;
      const now = withPush(lost.get(credential), report, clock.now().wall);
      if (now) lost.set(credential, now);
      else lost.delete(credential);
    },
    *withLost(views) {
      for (const view of views) {
        const { name, policy } = view.unit;
        const lostPushes = policy.pushes ? lost.get(name) : undefined;
        yield lostPushes ? { ...view, lostPushes } : view;
      }
    },
    mark: () => [...lost].map(([name, { why }]) => `${name} ${why}`).join(),
  };
}
