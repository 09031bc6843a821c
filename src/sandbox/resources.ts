import * as v from 'valibot';
import {
  accountId,
  addressList,
  type ControlAnswer,
  type Controls,
  type Handler,
  problem,
  quota,
  secret,
  withBody,
} from './control.ts';
import { faultListSchema } from './faults.ts';
import { THIRD_PARTY_RESOURCES } from './third-parties/resources.ts';

const newAccountSchema = v.strictObject({ appId: accountId, secret });
const patchSchema = v.strictObject({
  secret: v.optional(secret),
  frozen: v.optional(v.boolean()),
  apiBanned: v.optional(v.boolean()),
  whitelist: v.optional(v.nullable(addressList)),
  dailyQuota: v.optional(quota),
  killTokens: v.optional(v.boolean()),
});
const advanceSchema = v.strictObject({ advanceMs: v.pipe(v.number(), v.finite()) });
const sequence = v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number));

/** The resources under `/sandbox/` with their methods; a segment in capital letters stands for any id. */
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
  ...THIRD_PARTY_RESOURCES,
};

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
