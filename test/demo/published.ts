import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** What an app may know of the token it reads, and a name to tell tokens apart by: they are secrets by habit. */
export interface Published {
  /** The last four digits of its SHA-256. */
  readonly mark: string;
  /** Epoch ms. */
  readonly expiresAt: number;
  /** Milliseconds, when it was issued. */
  readonly life: number;
}

/**
 * @param path the token's file; its details are beside it
 * @returns undefined when somebody removed them
 */
export async function readPublished(path: string): Promise<Published | undefined> {
  const text = await readFile(`${path}.json`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const details: { access_token: string; expires_in: number; expires_at: number } = JSON.parse(text);
  return {
    mark: createHash('sha256').update(details.access_token).digest('hex').slice(-4),
    expiresAt: details.expires_at * 1000,
    life: details.expires_in * 1000,
  };
}
