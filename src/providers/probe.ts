import type { Token } from '../core/credential.ts';
import { errcodeRule, type PlatformFamily } from '../core/errcodes/index.ts';
import { failureOf } from '../core/failure.ts';
import type { Probe } from '../core/ports.ts';
import type { Platform } from './platform.ts';

/**
 * Asks whether the platform accepts a token, by the cheapest call there is. Only an error code that blames the token is
 * a no: an outage, a quota or an IP rule says nothing about it.
 */
export async function probeToken(
  family: PlatformFamily,
  platform: Platform,
  token: Token,
  signal: AbortSignal,
): Promise<Probe> {
  try {
    const query = { access_token: token.value.reveal() };
    const { body: _, ...date } = await platform.call({
      method: 'GET',
      path: '/cgi-bin/getcallbackip',
      endpoint: 'ticket',
      query,
      repeatable: true,
      signal,
    });
    return { works: true, ...date };
  } catch (error) {
    const { errcode } = failureOf(error, 'none');
    return {
      works: errcode === undefined || errcodeRule(family, 'ticket', errcode)?.token !== 'suspect',
    };
  }
}
