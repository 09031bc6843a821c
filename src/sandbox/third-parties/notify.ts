import type { World } from '../world.ts';
import { type Notice, receiverKey } from './notice.ts';

/** Queues a notice for its receiver, if one is registered: the console of the platform holds the URLs. */
export function notify({ thirdParties, notices }: World, notice: Notice): void {
  if (thirdParties.receivers.has(receiverKey(notice.receiver))) notices.push(notice);
}
