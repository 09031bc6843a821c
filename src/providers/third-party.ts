import type { Token } from '../core/credential.ts';
import { EdgeError, PASSING } from '../core/failure.ts';
import type { PushedTicket } from '../core/pushed-ticket.ts';

/**
 * The token of the third party, which the token of an account is asked for with.
 * @throws {EdgeError} `no-token` when it has ended since the fetch was planned
 */
export function needed(token: Token | undefined): string {
  if (token) return token.value.reveal();
  throw new EdgeError({
    class: 'passing',
    code: 'no-token',
    message: {
      en: 'there is no live token of the third party to ask with',
      zh: '没有可用来请求的第三方有效 token',
    },
    effect: 'unsent',
    backoff: PASSING,
  });
}

/**
 * The ticket that the platform has pushed. Without one nothing is sent: the platform's answer would hide the cause.
 * @throws {EdgeError} `no-pushed-ticket`
 */
export function neededTicket(pushed: PushedTicket | undefined): string {
  if (pushed) return pushed.value.reveal();
  throw new EdgeError({
    class: 'passing',
    code: 'no-pushed-ticket',
    message: { en: 'the platform has pushed no ticket yet', zh: '平台还没有推送过 ticket' },
    effect: 'unsent',
    backoff: PASSING,
    blamesTicket: true,
  });
}
