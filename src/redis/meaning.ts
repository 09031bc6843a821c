import { type Backoff, PASSING } from '../core/failure.ts';
import type { Text } from '../core/text.ts';
import { MINUTE } from '../core/time.ts';

/** For faults that pass only when a person does something. */
export const SLOW: Backoff = { ...PASSING, cap: 5 * MINUTE };

/** What a fault means to an operator. */
export interface Meaning {
  readonly code: string;
  /** Continues "the Redis connection NAME (ADDRESS) cannot be used: ". */
  readonly what: Text;
  readonly advice?: Text;
  readonly backoff?: Backoff;
}

/** Of what answers in another protocol, or says so itself. */
export const NOT_REDIS: Meaning = {
  code: 'redis-not-redis',
  what: { en: 'does not speak the protocol of Redis', zh: '说的不是 Redis 协议' },
  advice: {
    en: 'is the port the one of Redis? A web server, or TLS where none is configured (rediss:), answers like that',
    zh: '端口是 Redis 的吗？Web 服务器，或没有配置 TLS（rediss:）的 TLS 端口，都会这样应答',
  },
  backoff: SLOW,
};
