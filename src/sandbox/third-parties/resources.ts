import { isIP } from 'node:net';
import * as v from 'valibot';
import { MINUTE } from '../../core/time.ts';
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
import { type Receiver, receiverKey } from './notice.ts';
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
const newAuthorizerSchema = v.strictObject({
  appId: accountId,
  exchanged: v.optional(v.boolean(), false),
  registered: v.optional(v.boolean(), false),
});
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
const encodingAesKey = v.pipe(v.string(), v.regex(/^[A-Za-z0-9]{43}$/, '43 letters and digits'));
const receiverSchema = v.strictObject({
  url: v.pipe(v.string(), v.check(isLoopbackUrl, 'an http URL on loopback')),
  token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,64}$/, 'visible ASCII only')),
  encodingAesKey,
  previous: v.optional(v.strictObject({ encodingAesKey, pushes: quota })),
  everyMs: v.optional(v.pipe(v.number(), v.minValue(10)), 10 * MINUTE),
  irregular: v.optional(v.boolean(), false),
  duplicates: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10)), 0),
});
const checkSchema = v.strictObject({ echo: v.pipe(v.string(), v.minLength(1)) });
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
  'components/APPID/receiver': receiverOf('component'),
  'components/APPID/authorizers': {
    POST: ({ platform: { world }, clock }, request) =>
      withBody(request, newAuthorizerSchema, ({ appId, exchanged, registered }) => {
        const [, component = ''] = request.segments;
        if (!describeComponent(world, component, clock.now())) return unknown(component);
        const authorizationCode = authorizeAccount(world, component, appId, clock.now(), registered);
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
  'suites/SUITEID/receiver': receiverOf('suite'),
  'suites/SUITEID/receiver/check': {
    POST: ({ pusher }, request) =>
      withBody(request, checkSchema, async ({ echo }) => {
        const [, id = ''] = request.segments;
        return { status: 200, body: await pusher.check({ kind: 'suite', id }, echo) };
      }),
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

/** Where the pushes go, and what came of them; without its token and key. */
function receiverOf(kind: Receiver['kind']): Readonly<Record<string, Handler>> {
  const shownReceiver = ({ platform, pusher }: Controls, id: string): ControlAnswer => {
    const to = platform.world.thirdParties.receivers.get(receiverKey({ kind, id }));
    const deliveries = pusher.deliveries({ kind, id });
    return to ? { status: 200, body: { url: to.url, deliveries } } : unknown(id);
  };
  return {
    GET: (controls, { segments: [, id = ''] }) => shownReceiver(controls, id),
    PUT: (controls, request) =>
      withBody(request, receiverSchema, ({ everyMs, irregular, previous, ...to }) => {
        const [, id = ''] = request.segments;
        const { components, suites } = controls.platform.world.thirdParties;
        if (!(kind === 'component' ? components : suites).has(id)) return unknown(id);
        const receiver = { ...to, previous, every: everyMs, isIrregular: irregular };
        controls.pusher.register({ kind, id }, receiver);
        return shownReceiver(controls, id);
      }),
    DELETE: ({ pusher }, { segments: [, id = ''] }) => {
      pusher.unregister({ kind, id });
      return { status: 200, body: {} };
    },
  };
}

function isLoopbackUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  // 127.0.0.1.example.org begins like an address and is none.
  const isAddress = isIP(hostname) === 4 && hostname.startsWith('127.');
  return protocol === 'http:' && (isAddress || hostname === 'localhost' || hostname === '[::1]');
}

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
