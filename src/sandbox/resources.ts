import * as v from 'valibot';
import { isAddressRange } from './accounts.ts';
import type { SandboxClock } from './clock.ts';
import { type Fault, faultListSchema } from './faults.ts';
import type { Journal } from './journal.ts';
import type { Platform } from './platform.ts';

/** What the control path reads and changes. */
export interface Controls {
  readonly platform: Platform;
  readonly journal: Journal;
  readonly clock: SandboxClock;
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

export type Handler = (controls: Controls, request: ControlRequest) => ControlAnswer;

const accountId = v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/, 'letters, digits, _ and - only'));
const secret = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,256}$/, 'visible ASCII only'));
const newAccountSchema = v.strictObject({ appId: accountId, secret });
const patchSchema = v.strictObject({
  secret: v.optional(secret),
  frozen: v.optional(v.boolean()),
  apiBanned: v.optional(v.boolean()),
  whitelist: v.optional(
    v.nullable(v.array(v.pipe(v.string(), v.check(isAddressRange, 'no IP address or CIDR range')))),
  ),
  dailyQuota: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  killTokens: v.optional(v.boolean()),
});
const advanceSchema = v.strictObject({ advanceMs: v.pipe(v.number(), v.finite()) });
const sequence = v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number));

/** The resources under `/sandbox/` with their methods. */
export const RESOURCES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  journal: {
    GET: ({ journal }, { query }) => {
      const since = v.safeParse(sequence, query.get('since') ?? '0');
      if (!since.success) return problem(400, 'since: not a sequence number');
      return { status: 200, body: { entries: journal.since(since.output) } };
    },
  },
  faults: {
    GET: listFaults,
    PUT: (controls, request) =>
      withBody(request, faultListSchema, ({ faults }) => {
        controls.setFaults(faults);
        return listFaults(controls);
      }),
    DELETE: (controls) => {
      controls.setFaults([]);
      return listFaults(controls);
    },
  },
  clock: {
    GET: tellTime,
    POST: (controls, request) =>
      withBody(request, advanceSchema, ({ advanceMs }) => {
        controls.clock.advance(advanceMs);
        return tellTime(controls);
      }),
  },
  accounts: {
    POST: (controls, request) =>
      withBody(request, newAccountSchema, (account) => {
        const added = controls.platform.addAccount(account);
        return added
          ? showAccount(controls, account.appId, 201)
          : problem(409, `${account.appId}: exists already`);
      }),
  },
  'accounts/APPID': {
    GET: (controls, { segments }) => showAccount(controls, segments[1] ?? '', 200),
    PATCH: (controls, request) =>
      withBody(request, patchSchema, (patch) => {
        const appId = request.segments[1] ?? '';
        if (!controls.platform.describeAccount(appId, controls.clock.now()))
          return problem(404, `no account ${appId}`);
        const refusal = controls.platform.patchAccount(appId, patch);
        return refusal === undefined ? showAccount(controls, appId, 200) : problem(400, refusal);
      }),
  },
};

export function problem(status: number, error: string): ControlAnswer {
  return { status, body: { error } };
}

function withBody<Output>(
  request: ControlRequest,
  schema: v.GenericSchema<unknown, Output>,
  act: (value: Output) => ControlAnswer,
): ControlAnswer {
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

function listFaults({ faults }: Controls): ControlAnswer {
  return { status: 200, body: { faults: faults() } };
}

function tellTime({ clock }: Controls): ControlAnswer {
  return { status: 200, body: { now: clock.now() } };
}

function showAccount({ platform, clock }: Controls, appId: string, status: number): ControlAnswer {
  const account = platform.describeAccount(appId, clock.now());
  return account ? { status, body: account } : problem(404, `no account ${appId}`);
}
