import { HOUR, MINUTE } from '../../core/time.ts';

/** A ticket that the platform pushes: `component_verify_ticket` or `suite_ticket`. */
export interface PushedTicket {
  readonly value: string;
  /** Epoch ms. */
  readonly createdAt: number;
}

/**
 * How long a pushed ticket works, in ms.
 * Sources: https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/Before_Develop/component_verify_ticket.html,
 * https://developer.work.weixin.qq.com/document/path/90628 (2024-01-09).
 */
export const TICKET_LIFE = { component: 12 * HOUR, suite: 30 * MINUTE };

/** Tickets kept per receiver, so that an expired one is told apart from an invented one: a day and more of pushes. */
const KEPT = 200;

/** Adds the newest ticket. */
export function withTicket(tickets: readonly PushedTicket[], ticket: PushedTicket): readonly PushedTicket[] {
  return [ticket, ...tickets].slice(0, KEPT);
}

/** What a presented ticket is at `now` (epoch ms). A ticket is not used up: it works until its end. */
export function verdictOnTicket(
  tickets: readonly PushedTicket[],
  presented: string | undefined,
  now: number,
  life: number,
): 'live' | 'expired' | 'unknown' {
  const found = tickets.find(({ value }) => value === presented);
  if (!found) return 'unknown';
  return now < found.createdAt + life ? 'live' : 'expired';
}
