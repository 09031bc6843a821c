import { type Failure, failureWith } from '../failure.ts';
import { type Text, text } from '../text.ts';
import { OFFICIAL } from './official.ts';
import { OPEN_PLATFORM } from './open-platform.ts';
import { QQ } from './qq.ts';
import { ENDPOINT_KINDS, type EndpointKind, type ErrcodeRule, type FamilyRules } from './rule.ts';
import { WECOM } from './wecom.ts';
import { WECOM_SERVICE } from './wecom-service.ts';

export type { EndpointKind } from './rule.ts';

/** The same number may mean another thing on another platform, and to a third party another than to the account. */
export type PlatformFamily = 'official' | 'open-platform' | 'wecom' | 'wecom-service' | 'qq';

/** The tables of all platforms. */
export const FAMILIES: Readonly<Record<PlatformFamily, FamilyRules>> = {
  official: OFFICIAL,
  'open-platform': OPEN_PLATFORM,
  wecom: WECOM,
  'wecom-service': WECOM_SERVICE,
  qq: QQ,
};

/** What the table says of a code, or undefined for a code it does not hold. */
export function errcodeRule(
  family: PlatformFamily,
  endpoint: EndpointKind,
  errcode: number,
): ErrcodeRule | undefined {
  const rules = FAMILIES[family];
  return rules[endpoint]?.[errcode] ?? rules.any[errcode];
}

/** Whether any table holds a code: what lies beyond them may be anything, and must not become a label. */
export function isKnownErrcode(errcode: number): boolean {
  return Object.values(FAMILIES).some((family) =>
    (['any', ...ENDPOINT_KINDS] as const).some((kind) => family[kind]?.[errcode] !== undefined),
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
  const address = callerAddress(errmsg);
  const fill = (template: Text) =>
    text((say, language) =>
      say(template)
        // Between words of Chinese there are no blanks.
        .replaceAll(language === 'zh' && !address ? / ?\{ip\} ?/g : '{ip}', address ?? say(OUR_ADDRESS))
        .replaceAll('{errcode}', String(errcode)),
    );
  const excerpt = known === undefined ? harmless(errmsg) : '';
  const rid = ridOf(errmsg);
  return failureWith({
    class: rule.class,
    code: `${family === 'qq' ? 'qq' : 'wx'}-${errcode}`,
    message: text((say) => `${errcode} ${say(fill(rule.meaning))}${excerpt === '' ? '' : `: ${excerpt}`}`),
    ...(rule.advice && { advice: fill(rule.advice) }),
    errcode,
    ...(rid === undefined ? {} : { rid }),
    effect: 'none',
    backoff: rule.backoff,
    ...(rule.token !== 'trusted' && { blamesToken: rule.token === 'suspect' ? 'certainly' : 'possibly' }),
    ...(rule.secret === 'refused' && { blamesSecret: true }),
    ...(rule.pushedTicket === 'refused' && { blamesTicket: true }),
    ...(rule.authorisation === 'gone' && { endsAuthorisation: true }),
  });
}

/** The caller's address, where the platform does not tell it. */
const OUR_ADDRESS: Text = { en: "this machine's public IP address", zh: '本机的公网 IP 地址' };

/** The most of a foreign text that goes into a message, in UTF-16 units. */
const LONGEST = 200;

const RID = /\brid:\s*([0-9a-f]{8}(?:-[0-9a-f]{8}){2})(?![\w-])/i;
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|\\d{1,2})';
const IPV4 = new RegExp(`(?<![\\d.])${OCTET}(?:\\.${OCTET}){3}(?!\\.?\\d)`);

/** The platform's request id in an errmsg. The `hint: […]` of older answers is not one. */
function ridOf(errmsg: string): string | undefined {
  return RID.exec(errmsg)?.[1];
}

/**
 * The caller's address as the platform saw it: the first dotted quad, else the first IPv6 address. WeChat adds the
 * IPv4-mapped spelling `::ffff:…` of the same address, which is no IPv6 address that anyone could register.
 */
function callerAddress(errmsg: string): string | undefined {
  return IPV4.exec(errmsg)?.[0] ?? ipv6Of(errmsg);
}

function ipv6Of(errmsg: string): string | undefined {
  for (const [run] of errmsg.matchAll(/[0-9a-f:]+/gi)) {
    const candidate = run.replace(/^:(?!:)|(?<!:):$/g, '').toLowerCase();
    const isAddress = candidate.split(':').length > 2 && URL.canParse(`http://[${candidate}]/`);
    if (isAddress && !candidate.startsWith('::ffff:')) return candidate;
  }
  return undefined;
}

/**
 * A foreign text made fit for a log line: no control or invisible characters, nothing that looks like a secret or a
 * token, no rid (it has a field of its own), at most 200 characters.
 */
function harmless(text: string): string {
  return (
    text
      .replace(/[\p{C}\p{Z}]+/gu, ' ')
      .replace(RID, '')
      .replace(/((?:secret|token|ticket)["']?\s?[=:]\s?["']?)[^\s&"',;]+/gi, '$1[redacted]')
      .replace(/[\w+%-]{24,}/g, '[redacted]')
      // Cut last: half a token would no longer look like one.
      .slice(0, LONGEST)
      .replace(/[\uD800-\uDBFF]$/, '')
      .trim()
  );
}
