import * as v from 'valibot';

const MAX_DELAY = 3_600_000;
const count = v.pipe(v.number(), v.integer(), v.minValue(1));

/**
 * Selects the calls that a fault affects; by default all calls to the platform. `times` counts down; absent: until
 * the fault is cleared.
 */
const scope = {
  path: v.optional(v.pipe(v.string(), v.startsWith('/'))),
  appId: v.optional(v.string()),
  times: v.optional(count),
};

const faultSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('latency'),
    ms: v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_DELAY)),
    ...scope,
  }),
  v.strictObject({
    kind: v.literal('status'),
    status: v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599)),
    ...scope,
  }),
  v.strictObject({ kind: v.literal('html'), ...scope }),
  v.strictObject({ kind: v.literal('empty'), ...scope }),
  v.strictObject({
    kind: v.literal('body'),
    body: v.string(),
    contentType: v.optional(v.pipe(v.string(), v.regex(/^[\x20-\x7e]+$/))),
    ...scope,
  }),
  v.strictObject({
    kind: v.literal('errcode'),
    errcode: v.pipe(v.number(), v.integer()),
    errmsg: v.optional(v.string()),
    ...scope,
  }),
  v.strictObject({ kind: v.literal('cut'), ...scope }),
  v.strictObject({ kind: v.literal('lost-answer'), ...scope }),
  v.strictObject({ kind: v.literal('partial'), ...scope }),
  v.strictObject({ kind: v.literal('endless'), ...scope }),
  v.strictObject({ kind: v.literal('hang'), ...scope }),
  v.strictObject({
    kind: v.literal('redirect'),
    location: v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/)),
    ...scope,
  }),
]);

/** `{"faults":[…]}` of the control path. */
export const faultListSchema = v.strictObject({ faults: v.array(faultSchema) });

/**
 * A fault between the platform and its caller. `latency` delays the response, not the action, and adds up; of the
 * other kinds the first matching one in the list applies. The platform acts (issues tokens, counts calls) only
 * under `latency`, `lost-answer` and `partial`.
 */
export type Fault = v.InferOutput<typeof faultSchema>;

/** A fault that decides how the call ends. */
export type TerminalFault = Exclude<Fault, { kind: 'latency' }>;

export interface Claim {
  /** Delay of the response in ms. */
  readonly latency: number;
  readonly fault: TerminalFault | undefined;
  /** The list after this call, with the `times` of the applied faults reduced by one. */
  readonly rest: readonly Fault[];
}

/** Determines the faults that a call of `appId` at `path` meets. */
export function claimFaults(faults: readonly Fault[], path: string, appId: string | null): Claim {
  let latency = 0;
  let fault: TerminalFault | undefined;
  const rest = faults.flatMap((candidate) => {
    const fits = (candidate.path ?? path) === path && (candidate.appId ?? appId) === appId;
    if (!fits) return [candidate];
    if (candidate.kind === 'latency') latency += candidate.ms;
    else if (fault === undefined) fault = candidate;
    else return [candidate];
    if (candidate.times === undefined) return [candidate];
    return candidate.times === 1 ? [] : [{ ...candidate, times: candidate.times - 1 }];
  });
  return { latency, fault, rest };
}
