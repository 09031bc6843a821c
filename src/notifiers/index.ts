import { execNotifier } from './exec.ts';
import type { Notifier, NotifierConfig } from './notifier.ts';
import { signalNotifier } from './signal.ts';
import { webhookNotifier } from './webhook.ts';

/** A new notifier is one file in this folder and one line here (and its configuration in `notifier.ts`). */
export function createNotifier(config: NotifierConfig): Notifier {
  switch (config.type) {
    case 'exec':
      return execNotifier(config);
    case 'webhook':
      return webhookNotifier(config);
    case 'signal':
      return signalNotifier(config);
  }
}

/** Tells notifiers of one program or host apart, without what may be secret. @param index in its credential */
export function notifierName(config: NotifierConfig, index: number): string {
  return `notify[${index}] ${createNotifier(config).id}`;
}

export type { DeliveryEvent } from '../core/events/delivery.ts';
export { createSlots } from './concurrency-limiter.ts';
export { createDelivery, type Delivery, type Wait } from './delivery.ts';
export { programOf } from './exec.ts';
export type { Change, Notifier, NotifierConfig } from './notifier.ts';
export { reachOf, readPidFile } from './signal.ts';
