import type { RefusalVerdict } from '../core/refusal.ts';
import type { Demotion } from '../core/state.ts';
import type { Logger } from './logger.ts';

/** What to do when the budget is used up. */
export const BUDGET =
  'look for what asks so often (HUP, feedback, a platform that hands out short lives); the budget is ' +
  'WXTOKEN_FETCHES_PER_DAY, or budget.fetchesPerDay: what WeChat allows the account a day';

/** Why an asked-for forced refresh was made as an ordinary call. */
export const DEMOTIONS: Readonly<Record<Demotion, string>> = {
  uncoordinated:
    'refreshing with an ordinary call: a forced one would kill the token that daemons outside this state folder hold; ' +
    'refresh --force does it all the same',
  store:
    'refreshing with an ordinary call: a forced one kills the token that others hold, so it is written down first, ' +
    'and the state folder does not work',
  spacing: 'refreshing with an ordinary call: WeChat ignores a forced one within 30 s of another',
  'forced-budget': 'refreshing with an ordinary call: the forced refreshes of the day are used up',
};

/** What a reader's word about a refused token comes to. */
export const REFUSALS: Readonly<
  Record<RefusalVerdict, { level: keyof Logger; message: string; advice?: string }>
> = {
  behind: {
    level: 'info',
    message: 'a reader reported a token that is not the current one: it has to read the file again',
  },
  pending: { level: 'debug', message: 'another reader reports the same' },
  asked: { level: 'warn', message: 'a reader reports that the token is refused; asking the platform' },
  rival: {
    level: 'error',
    message: 'a token that had just replaced a refused one is refused again',
    advice:
      'another process is fetching for this appid: find it, or move every one to stable-token; ' +
      'or the reader uses the token with another account',
  },
  mirror: {
    level: 'warn',
    message: 'a reader reports that a mirrored token is refused',
    advice: 'report it to the daemon that fetches it: this one only reads and publishes',
  },
  quiet: { level: 'debug', message: 'a reader goes on refusing tokens; asking did not help' },
};
