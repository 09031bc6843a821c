import * as v from 'valibot';
import { readAnswer, type Token } from '../core/credential.ts';
import { SECOND } from '../core/time.ts';
import type { Subject } from '../publishers/formats.ts';

const Seconds = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e12));

const Details = v.object({
  type: v.string(),
  app_id: v.string(),
  access_token: v.exactOptional(v.string()),
  ticket: v.exactOptional(v.string()),
  expires_in: v.number(),
  issued_at: Seconds,
  expires_at: Seconds,
});

/** What the details should say; without type and AppID those of any credential. */
export type Expected = Pick<Subject, 'kind'> & Partial<Pick<Subject, 'type' | 'appId'>>;

/**
 * The token that the details of a published file tell of.
 * @returns `foreign` for those of another account or kind, undefined for what are no details
 */
export function tokenIn(text: string, expected: Expected): Token | 'foreign' | undefined {
  const { success, output } = v.safeParse(Details, parseJson(text));
  if (!success) return undefined;
  const { kind, appId = output.app_id, type = output.type } = expected;
  if (output.app_id !== appId || output.type !== (kind === 'token' ? type : kind)) return 'foreign';
  try {
    return {
      ...readAnswer(output, kind === 'token' ? 'access_token' : 'ticket'),
      issuedAt: output.issued_at * SECOND,
      expiresAt: output.expires_at * SECOND,
      generation: 0,
    };
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
