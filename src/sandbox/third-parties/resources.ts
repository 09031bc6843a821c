import * as v from 'valibot';
import {
  accountId,
  addressList,
  type ControlAnswer,
  type Handler,
  problem,
  quota,
  secret,
  withBody,
} from '../control.ts';
import { ECHOES } from './component.ts';
import {
  addComponent,
  authorizeAccount,
  describeAuthorizerState,
  describeComponent,
  issueComponentTicket,
  markExchanged,
  patchAuthorizer,
  patchComponent,
  revokeAuthorization,
} from './component-administration.ts';
import type { PushedTicket } from './pushed-ticket.ts';
import {
  addBot,
  addProvider,
  addSuite,
  cancelSuite,
  describeProvider,
  describeSuite,
  describeSuiteCorpState,
  installSuite,
  issueSuiteTicket,
  patchBot,
  patchProvider,
  patchSuite,
  patchSuiteCorp,
} from './suite-administration.ts';

const killTokens = v.optional(v.boolean());
const newComponentSchema = v.strictObject({ appId: accountId, secret });
const componentPatchSchema = v.strictObject({
  secret: v.optional(secret),
  whitelist: v.optional(v.nullable(addressList)),
  dailyQuota: v.optional(quota),
  echo: v.optional(v.picklist(ECHOES)),
  pushing: v.optional(v.boolean()),
  killTokens,
});
const newAuthorizerSchema = v.strictObject({ appId: accountId, exchanged: v.optional(v.boolean(), false) });
const authorizerPatchSchema = v.strictObject({
  limited: v.optional(v.boolean()),
  dailyQuota: v.optional(quota),
  killTokens,
});
const newProviderSchema = v.strictObject({ corpId: accountId, secret });
const providerPatchSchema = v.strictObject({
  secret: v.optional(secret),
  whitelist: v.optional(v.nullable(addressList)),
  killTokens,
});
const newSuiteSchema = v.strictObject({ suiteId: accountId, secret, provider: accountId });
const suitePatchSchema = v.strictObject({
  secret: v.optional(secret),
  pushing: v.optional(v.boolean()),
  killTokens,
});
const newSuiteCorpSchema = v.strictObject({ corpId: accountId });
const suiteCorpPatchSchema = v.strictObject({
  killTokens,
  resetPermanentCode: v.optional(v.boolean()),
});
const newBotSchema = v.strictObject({ appId: accountId, secret });
const botPatchSchema = v.strictObject({ secret: v.optional(secret), killTokens });

/** The resources of third parties under `/sandbox/`. */
export const THIRD_PARTY_RESOURCES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  components: {
    POST: ({ platform }, request) =>
      withBody(request, newComponentSchema, ({ appId, secret }) =>
        created(addComponent(platform.world, appId, secret), appId),
      ),
  },
  'components/APPID': {
    GET: ({ platform, clock }, { segments: [, appId = ''] }) =>
      shown(appId, describeComponent(platform.world, appId, clock.now())),
    PATCH: ({ platform, clock }, request) =>
      withBody(request, componentPatchSchema, (patch) => {
        const [, appId = ''] = request.segments;
        patchComponent(platform.world, appId, patch);
        return shown(appId, describeComponent(platform.world, appId, clock.now()));
      }),
  },
  'components/APPID/tickets': {
    POST: ({ platform, clock }, { segments: [, appId = ''] }) =>
      shownTicket(appId, issueComponentTicket(platform.world, appId, clock.now())),
  },
  'components/APPID/authorizers': {
    POST: ({ platform: { world }, clock }, request) =>
      withBody(request, newAuthorizerSchema, ({ appId, exchanged }) => {
        const [, component = ''] = request.segments;
        if (!describeComponent(world, component, clock.now())) return unknown(component);
        const authorizationCode = authorizeAccount(world, component, appId, clock.now());
        if (exchanged) markExchanged(world, component, appId);
        return { status: 201, body: { appId, authorizationCode } };
      }),
  },
  'components/APPID/authorizers/APPID': {
    GET: ({ platform, clock }, { segments: [, component = '', , appId = ''] }) =>
      shown(appId, describeAuthorizerState(platform.world, component, appId, clock.now())),
    PATCH: ({ platform, clock }, request) =>
      withBody(request, authorizerPatchSchema, (patch) => {
        const [, component = '', , appId = ''] = request.segments;
        patchAuthorizer(platform.world, component, appId, patch);
        return shown(appId, describeAuthorizerState(platform.world, component, appId, clock.now()));
      }),
    DELETE: ({ platform: { world }, clock }, { segments: [, component = '', , appId = ''] }) => {
      if (!describeAuthorizerState(world, component, appId, clock.now())) return unknown(appId);
      revokeAuthorization(world, component, appId, clock.now());
      return shown(appId, describeAuthorizerState(world, component, appId, clock.now()));
    },
  },
  providers: {
    POST: ({ platform }, request) =>
      withBody(request, newProviderSchema, ({ corpId, secret }) =>
        created(addProvider(platform.world, corpId, secret), corpId),
      ),
  },
  'providers/CORPID': {
    PATCH: ({ platform: { world } }, request) =>
      withBody(request, providerPatchSchema, (patch) => {
        const [, corpId = ''] = request.segments;
        patchProvider(world, corpId, patch);
        return shown(corpId, describeProvider(world, corpId));
      }),
  },
  suites: {
    POST: ({ platform: { world } }, request) =>
      withBody(request, newSuiteSchema, ({ suiteId, secret, provider }) => {
        if (!describeProvider(world, provider)) return unknown(provider);
        return created(addSuite(world, suiteId, secret, provider), suiteId);
      }),
  },
  'suites/SUITEID': {
    GET: ({ platform }, { segments: [, suiteId = ''] }) =>
      shown(suiteId, describeSuite(platform.world, suiteId)),
    PATCH: ({ platform: { world } }, request) =>
      withBody(request, suitePatchSchema, (patch) => {
        const [, suiteId = ''] = request.segments;
        patchSuite(world, suiteId, patch);
        return shown(suiteId, describeSuite(world, suiteId));
      }),
  },
  'suites/SUITEID/tickets': {
    POST: ({ platform, clock }, { segments: [, suiteId = ''] }) =>
      shownTicket(suiteId, issueSuiteTicket(platform.world, suiteId, clock.now())),
  },
  'suites/SUITEID/corps': {
    POST: ({ platform: { world }, clock }, request) =>
      withBody(request, newSuiteCorpSchema, ({ corpId }) => {
        const [, suiteId = ''] = request.segments;
        if (!describeSuite(world, suiteId)) return unknown(suiteId);
        return { status: 201, body: { corpId, ...installSuite(world, suiteId, corpId, clock.now()) } };
      }),
  },
  'suites/SUITEID/corps/CORPID': {
    GET: ({ platform, clock }, { segments: [, suiteId = '', , corpId = ''] }) =>
      shown(corpId, describeSuiteCorpState(platform.world, suiteId, corpId, clock.now())),
    PATCH: ({ platform: { world }, clock }, request) =>
      withBody(request, suiteCorpPatchSchema, (patch) => {
        const [, suiteId = '', , corpId = ''] = request.segments;
        patchSuiteCorp(world, suiteId, corpId, patch, clock.now());
        return shown(corpId, describeSuiteCorpState(world, suiteId, corpId, clock.now()));
      }),
    DELETE: ({ platform: { world }, clock }, { segments: [, suiteId = '', , corpId = ''] }) => {
      cancelSuite(world, suiteId, corpId, clock.now());
      return shown(corpId, describeSuiteCorpState(world, suiteId, corpId, clock.now()));
    },
  },
  bots: {
    POST: ({ platform }, request) =>
      withBody(request, newBotSchema, ({ appId, secret }) =>
        created(addBot(platform.world, appId, secret), appId),
      ),
  },
  'bots/APPID': {
    PATCH: ({ platform: { world } }, request) =>
      withBody(request, botPatchSchema, (patch) => {
        const [, appId = ''] = request.segments;
        patchBot(world, appId, patch);
        return shown(appId, world.thirdParties.bots.has(appId) ? { appId } : undefined);
      }),
  },
};

function created(isNew: boolean, id: string): ControlAnswer {
  return isNew ? { status: 201, body: { id } } : problem(409, `${id}: exists already`);
}

function shown(id: string, described: object | undefined): ControlAnswer {
  return described ? { status: 200, body: described } : unknown(id);
}

/** The ticket itself is told, so that it can be written to a file without a push. */
function shownTicket(id: string, ticket: PushedTicket | undefined): ControlAnswer {
  if (!ticket) return unknown(id);
  return { status: 201, body: { ticket: ticket.value, create_time: Math.floor(ticket.createdAt / 1000) } };
}

function unknown(id: string): ControlAnswer {
  return problem(404, `no account ${id}`);
}
