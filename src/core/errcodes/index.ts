import type { Failure } from '../failure.ts';
import { callerAddress, harmless, ridOf } from './errmsg.ts';
import { OFFICIAL } from './official.ts';
import type { ErrcodeRule, FamilyRules } from './rule.ts';
import { WECOM } from './wecom.ts';

/** The same number may mean another thing on the other platform. */
export type PlatformFamily = 'official' | 'wecom';

/**
 * What was asked. `token`: an endpoint that takes the secret and gives a token. `ticket`: one that takes the token,
 * a business call such as a probe included. 40001 blames the secret at the first and the token at the second.
 */
export type EndpointKind = 'token' | 'ticket';

const FAMILIES: Readonly<Record<PlatformFamily, FamilyRules>> = { official: OFFICIAL, wecom: WECOM };

/** What the table says of a code, or undefined for a code it does not hold. */
export function errcodeRule(
  family: PlatformFamily,
  endpoint: EndpointKind,
  errcode: number,
): ErrcodeRule | undefined {
  const rules = FAMILIES[family];
  return rules[endpoint][errcode] ?? rules.any[errcode];
}

/** Whether any table holds a code: what lies beyond them may be anything, and must not become a label. */
export function isKnownErrcode(errcode: number): boolean {
  return Object.values(FAMILIES).some(({ any, token, ticket }) =>
    [any, token, ticket].some((rules) => rules[errcode] !== undefined),
  );
}

/**
 * The platform's refusal as a {@link Failure}. Texts change and may echo what was sent, so only the code decides;
 * of `errmsg` the rid, the caller's address and, for an unknown code, a harmless excerpt are kept.
 */
export function platformFailure(
  family: PlatformFamily,
  endpoint: EndpointKind,
  answer: { readonly errcode: number; readonly errmsg: string },
): Failure {
  const { errcode, errmsg } = answer;
  const known = errcodeRule(family, endpoint, errcode);
  const rule = known ?? FAMILIES[family].unknown;
  const address = callerAddress(errmsg) ?? "this machine's public IP address";
  const fill = (text: string) => text.replaceAll('{ip}', address).replaceAll('{errcode}', String(errcode));
  const excerpt = known === undefined ? harmless(errmsg) : '';
  const rid = ridOf(errmsg);
  return {
    class: rule.class,
    code: `wx-${errcode}`,
    message: `${errcode} ${fill(rule.meaning)}${excerpt === '' ? '' : `: ${excerpt}`}`,
    ...(rule.advice === undefined ? {} : { advice: fill(rule.advice) }),
    errcode,
    ...(rid === undefined ? {} : { rid }),
    effect: 'none',
    backoff: rule.backoff,
    ...(endpoint === 'ticket' && rule.token === 'suspect' && { blamesToken: true }),
    ...(rule.secret === 'refused' && { blamesSecret: true }),
  };
}
