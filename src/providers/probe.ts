import type { Token } from '../core/credential.ts';
import { errcodeRule } from '../core/errcodes/index.ts';
import { failureOf } from '../core/failure.ts';
import type { Platform } from './platform.ts';

/**
 * Whether the platform accepts a token, by the cheapest call there is. Only an error code that blames the token is a
 * no: an outage, a quota or an IP rule says nothing about it.
 */
export async function officialTokenWorks(
  platform: Platform,
  token: Token,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const query = { access_token: token.value.reveal() };
    await platform.call({
      method: 'GET',
      path: '/cgi-bin/getcallbackip',
      endpoint: 'ticket',
      query,
      repeatable: true,
      signal,
    });
    return true;
  } catch (error) {
    const { errcode } = failureOf(error, 'none');
    return errcode === undefined || errcodeRule('official', 'ticket', errcode)?.token !== 'suspect';
  }
}
