import * as v from 'valibot';
import { isAddressRange } from './accounts.ts';
import type { SandboxClock } from './clock.ts';
import type { Fault } from './faults.ts';
import type { Journal } from './journal.ts';
import type { Platform } from './platform.ts';
import type { Pusher } from './third-parties/pusher.ts';

/** What the control path reads and changes. */
export interface Controls {
  readonly platform: Platform;
  readonly journal: Journal;
  readonly clock: SandboxClock;
  readonly pusher: Pusher;
  readonly faults: () => readonly Fault[];
  /** Replaces the list of faults and ends the calls that faults of the old list keep open. */
  readonly setFaults: (faults: readonly Fault[]) => void;
}

export interface ControlRequest {
  readonly method: string;
  /** Segments of the path after `/sandbox/`. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly body: string;
}

export interface ControlAnswer {
  readonly status: number;
  readonly body: object;
}

export type Handler = (controls: Controls, request: ControlRequest) => ControlAnswer | Promise<ControlAnswer>;

export const accountId = v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/, 'letters, digits, _ and - only'));
export const secret = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,256}$/, 'visible ASCII only'));
export const addressList = v.array(
  v.pipe(v.string(), v.check(isAddressRange, 'no IP address or CIDR range')),
);
export const quota = v.pipe(v.number(), v.integer(), v.minValue(0));

export function problem(status: number, error: string): ControlAnswer {
  return { status, body: { error } };
}

/** Acts on a JSON body of that schema, or answers what is wrong with it. */
export function withBody<Output>(
  request: ControlRequest,
  schema: v.GenericSchema<unknown, Output>,
  act: (value: Output) => ControlAnswer | Promise<ControlAnswer>,
): ControlAnswer | Promise<ControlAnswer> {
  let body: unknown;
  try {
    body = JSON.parse(request.body);
  } catch {
    return problem(400, 'the body is not JSON');
  }
  const parsed = v.safeParse(schema, body);
  if (parsed.success) return act(parsed.output);
  const issues = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'body'}: ${issue.message}`);
  return problem(400, issues.join('; '));
}
