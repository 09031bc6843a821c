import { type Answer, readAnswer, type Token } from '../../src/core/credential.ts';
import { EdgeError } from '../../src/core/failure.ts';
import { Secret } from '../../src/core/secret.ts';
import { bound, createPlatform, createTransport, kindOf, ticketOf } from '../../src/providers/index.ts';
import type { TransportOptions } from '../../src/providers/transport.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { APPID, GOOD, PATIENCE, SECRET, TOKEN } from '../providers/asking.ts';

/** Each way in which something confidential goes out: in a body, in a query, as the AppSecret or as a token. */
export const KINDS = {
  'stable-token': kindOf('stable-token'),
  'access-token': kindOf('access-token'),
  wecom: kindOf('wecom'),
  jsapi: { family: 'official', ...ticketOf('jsapi') },
} as const;

export type Kind = keyof typeof KINDS;
export const ALL = Object.keys(KINDS) as readonly Kind[];

/** What each of them takes for an answer. */
export const BODY = JSON.stringify({ ...JSON.parse(GOOD), ticket: TOKEN, errcode: 0 });

/**
 * One attempt to fetch.
 * @returns `answered`, or the failure's code and what it may have done
 */
export async function attempt(
  kind: Kind,
  url: string,
  options: Partial<TransportOptions> = {},
): Promise<string> {
  const transport = createTransport({ timeout: PATIENCE, ...options });
  const platform = createPlatform(KINDS[kind].family, [url], transport, systemClock);
  const secret = async () => new Secret(SECRET);
  const provider = bound(KINDS[kind], { appId: APPID, secret, platform });
  try {
    const signal = new AbortController().signal;
    const { value } = await provider.fetch({ forced: false, token: LIVE, signal });
    return value.reveal() === TOKEN ? 'answered' : `another value: ${value.reveal()}`;
  } catch (error) {
    if (!(error instanceof EdgeError)) throw error;
    const { code, message, failure } = error;
    if (message.includes(SECRET) || message.includes(TOKEN)) return `it told what is secret: ${message}`;
    return `${code}, ${failure.effect}`;
  } finally {
    await transport.close();
  }
}

/** What a ticket is asked for with. */
const { value, expiresIn }: Answer = readAnswer(
  { access_token: '99_the-token-that-tickets-are-asked-for-with', expires_in: 7200 },
  'access_token',
);
const LIVE: Token = { value, expiresIn, issuedAt: 0, expiresAt: 8.64e15, generation: 1 };
