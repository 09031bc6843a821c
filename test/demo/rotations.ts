import type { Published } from './published.ts';

/** What the daemon's log says, as far as the demo listens. */
export interface LogLine {
  readonly level?: string;
  readonly message?: string;
  readonly credential?: string;
  readonly reason?: string;
  readonly forced?: boolean;
}

/** Empty for what is no JSON object: not a line of the daemon's log. */
export function parseLogLine(line: string): LogLine {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

const REASONS: Readonly<Record<string, string>> = { missing: 'first', requested: 'HUP' };

/** The parts of a line about a new token, the most telling ones first. `now` is epoch ms. */
export function tellRotation(
  number: number,
  why: LogLine | undefined,
  token: Published,
  before: Published | undefined,
  now: number,
): readonly string[] {
  const reason = REASONS[why?.reason ?? ''] ?? why?.reason ?? 'new';
  const overlap = Math.max(0, Math.round(((before?.expiresAt ?? 0) - now) / 1000));
  const old = why?.forced ? 'the one before ends at once' : `the one before works on for ${overlap} s`;
  return [`${clockTime(now)}  #${number}  ${token.mark}  ${reason}`, ...(before ? [`, ${old}`] : [])];
}

/** HH:MM:SS, local. */
export function clockTime(now: number): string {
  return new Date(now).toTimeString().slice(0, 8);
}
