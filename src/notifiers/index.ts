import { execNotifier } from './exec.ts';
import type { Notifier, NotifierConfig } from './notifier.ts';
import { signalNotifier } from './signal.ts';
import { webhookNotifier } from './webhook.ts';

/**
 * Creates a notifier from its configuration. A new kind of notifier is a file in this folder, a case here, and its
 * configuration in `notifier.ts`.
 * @throws {TypeError} when the URL of a webhook is neither http nor https
 */
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

/**
 * Names a notifier uniquely within its credential, without secrets.
 * @param index its position in the credential's `notify` list
 * @throws {TypeError} as {@link createNotifier}
 */
export function notifierName(config: NotifierConfig, index: number): string {
  return `notify[${index}] ${createNotifier(config).id}`;
}

export type { DeliveryEvent } from '../core/events/delivery.ts';
export { createConcurrencyLimiter } from './concurrency-limiter.ts';
export { createDelivery, type Delivery, type Wait } from './delivery.ts';
export { programOf } from './exec.ts';
export type { Change, Notifier, NotifierConfig } from './notifier.ts';
export { reachOf, readPidFile } from './signal.ts';
