import { MINUTE } from '../../core/time.ts';
import { chinaDay, UNUSED, usedIn } from '../counter.ts';
import { NO_TOKENS } from '../tokens.ts';
import type { World } from '../world.ts';
import { AUTHORIZER_QUOTA, type Authorizer, authorizerKey, type Echo, newComponent } from './component.ts';
import { notify } from './notify.ts';
import { type PushedTicket, withTicket } from './pushed-ticket.ts';

/** Changes to a component; absent fields stay as they are. */
export interface ComponentPatch {
  readonly secret?: string | undefined;
  readonly whitelist?: readonly string[] | null | undefined;
  readonly dailyQuota?: number | undefined;
  readonly echo?: Echo | undefined;
  /** Whether tickets are pushed. */
  readonly pushing?: boolean | undefined;
  readonly killTokens?: boolean | undefined;
}

/** Changes to an authorizer; absent fields stay as they are. */
export interface AuthorizerPatch {
  readonly limited?: boolean | undefined;
  readonly dailyQuota?: number | undefined;
  readonly killTokens?: boolean | undefined;
}

/** How long an authorisation code works. */
const CODE_LIFE = 10 * MINUTE;

/** @returns false if it exists already */
export function addComponent({ thirdParties }: World, appId: string, secret: string): boolean {
  if (thirdParties.components.has(appId)) return false;
  thirdParties.components.set(appId, newComponent(appId, secret));
  return true;
}

/** Changes a component. Live tokens survive a reset of the secret, which is an assumption. */
export function patchComponent({ thirdParties }: World, appId: string, patch: ComponentPatch): void {
  const component = thirdParties.components.get(appId);
  if (!component) return;
  const isReset = patch.secret !== undefined && patch.secret !== component.secret;
  thirdParties.components.set(appId, {
    ...component,
    secret: patch.secret ?? component.secret,
    formerSecrets: isReset ? [...component.formerSecrets, component.secret] : component.formerSecrets,
    whitelist: patch.whitelist === undefined ? component.whitelist : patch.whitelist,
    dailyQuota: patch.dailyQuota ?? component.dailyQuota,
    echo: patch.echo ?? component.echo,
    isPushing: patch.pushing ?? component.isPushing,
    pair: patch.killTokens ? NO_TOKENS : component.pair,
  });
}

/** Counters and switches of a component, without its secret. */
export function describeComponent({ thirdParties }: World, appId: string, now: number) {
  const component = thirdParties.components.get(appId);
  if (!component) return undefined;
  const { whitelist, dailyQuota, echo, isPushing, fetches } = component;
  const authorizers = [...thirdParties.authorizers.values()].filter(
    ({ componentAppId }) => componentAppId === appId,
  );
  return {
    ...{ appId, whitelist, dailyQuota, echo, pushing: isPushing },
    fetchesToday: usedIn(fetches, chinaDay(now)),
    authorizers: authorizers.length,
  };
}

/** Makes the component's next ticket, which is pushed to its receiver if it has one. */
export function issueComponentTicket(world: World, appId: string, now: number): PushedTicket | undefined {
  const { components } = world.thirdParties;
  const component = components.get(appId);
  if (!component) return undefined;
  const ticket = { value: world.mint.verifyTicket(), createdAt: now };
  components.set(appId, { ...component, tickets: withTicket(component.tickets, ticket) });
  notify(world, {
    receiver: { kind: 'component', id: appId },
    infoType: 'component_verify_ticket',
    at: now,
    fields: [['ComponentVerifyTicket', ticket.value]],
  });
  return ticket;
}

/**
 * Lets an account authorise a component, or authorise it again, which ends its access token at once and changes its
 * refresh token (https://github.com/WeixinCloud/wxcloudrun-wxcomponent/issues/10, 2022-04).
 * @returns the code to exchange
 */
export function authorizeAccount(
  world: World,
  componentAppId: string,
  appId: string,
  now: number,
  isRegistered = false,
): string {
  const { authorizers, authorizationCodes } = world.thirdParties;
  const key = authorizerKey(componentAppId, appId);
  const before = authorizers.get(key);
  const isRenewed = before !== undefined && !before.isRevoked;
  authorizers.set(key, {
    ...(before ?? UNUSED_AUTHORIZER),
    componentAppId,
    appId,
    refreshToken: world.mint.refreshToken(),
    formerRefreshToken: undefined,
    isExchanged: isRenewed && before.isExchanged,
    authorizedAt: now,
    isRevoked: false,
    pair: NO_TOKENS,
  });
  const code = world.mint.authorizationCode();
  authorizationCodes.set(code, { authorizer: key, endsAt: now + CODE_LIFE, isUsed: false });
  if (isRegistered) {
    notify(world, {
      receiver: { kind: 'component', id: componentAppId },
      infoType: 'notify_third_fasteregister',
      at: now,
      fields: [
        ['appid', appId],
        ['status', '0'],
        ['auth_code', code],
        ['msg', 'OK'],
      ],
    });
    return code;
  }
  notify(world, {
    receiver: { kind: 'component', id: componentAppId },
    infoType: isRenewed ? 'updateauthorized' : 'authorized',
    at: now,
    fields: [
      ['AuthorizerAppid', appId],
      ['AuthorizationCode', code],
      ['AuthorizationCodeExpiredTime', String(Math.floor((now + CODE_LIFE) / 1000))],
      ['PreAuthCode', `preauthcode@@@${world.mint.nonce()}`],
    ],
  });
  return code;
}

/** Whether somebody has exchanged the code of an authorizer, as by `api_query_auth`. */
export function markExchanged({ thirdParties }: World, componentAppId: string, appId: string): void {
  changeAuthorizer(thirdParties.authorizers, componentAppId, appId, { isExchanged: true });
}

export function patchAuthorizer(
  { thirdParties }: World,
  componentAppId: string,
  appId: string,
  patch: AuthorizerPatch,
): void {
  changeAuthorizer(thirdParties.authorizers, componentAppId, appId, {
    ...(patch.limited !== undefined && { isLimited: patch.limited }),
    ...(patch.dailyQuota !== undefined && { dailyQuota: patch.dailyQuota }),
    ...(patch.killTokens === true && { pair: NO_TOKENS }),
  });
}

/** Lets an account cancel its authorisation, which ends its tokens at once. */
export function revokeAuthorization(world: World, componentAppId: string, appId: string, now: number): void {
  const changes = { isRevoked: true, pair: NO_TOKENS, isExchanged: false };
  changeAuthorizer(world.thirdParties.authorizers, componentAppId, appId, changes);
  notify(world, {
    receiver: { kind: 'component', id: componentAppId },
    infoType: 'unauthorized',
    at: now,
    fields: [['AuthorizerAppid', appId]],
  });
}

/** Counters and switches of an authorizer, without its tokens. */
export function describeAuthorizerState(
  { thirdParties }: World,
  componentAppId: string,
  appId: string,
  now: number,
) {
  const authorizer = thirdParties.authorizers.get(authorizerKey(componentAppId, appId));
  if (!authorizer) return undefined;
  const { isExchanged, isRevoked, isLimited, dailyQuota, fetches } = authorizer;
  return {
    ...{ appId, dailyQuota },
    ...{ exchanged: isExchanged, revoked: isRevoked, limited: isLimited },
    fetchesToday: usedIn(fetches, chinaDay(now)),
  };
}

const UNUSED_AUTHORIZER = {
  isLimited: false,
  dailyQuota: AUTHORIZER_QUOTA,
  fetches: UNUSED,
  jsapi: undefined,
  wxCard: undefined,
};

function changeAuthorizer(
  authorizers: Map<string, Authorizer>,
  componentAppId: string,
  appId: string,
  changes: Partial<Authorizer>,
): void {
  const key = authorizerKey(componentAppId, appId);
  const authorizer = authorizers.get(key);
  if (authorizer) authorizers.set(key, { ...authorizer, ...changes });
}
