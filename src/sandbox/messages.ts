import type { Family, PlatformRequest } from './protocol.ts';

const ADVICE =
  'could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r';

/** Error messages of official accounts and mini programs, as their API pages list them. */
const OFFICIAL: Readonly<Record<number, string>> = {
  [-1]: 'system error',
  40001: `invalid credential, access_token is invalid or not latest, ${ADVICE}`,
  40002: 'invalid grant_type',
  40013: 'invalid appid',
  40014: 'invalid access_token',
  40097: 'invalid args',
  40170: 'invalid args',
  40125: 'invalid appsecret',
  40243: 'AppSecret has been frozen',
  41001: 'access_token missing',
  41002: 'appid missing',
  41004: 'appsecret missing',
  41018: 'component_appid missing',
  41021: 'component_access_token missing',
  42001: 'access_token expired',
  43001: 'require GET method',
  43002: 'require POST method',
  44002: 'empty post data',
  45009: `reach max api daily quota limit, ${ADVICE}`,
  45011: 'api minute-quota reach limit, must slower, retry next minute',
  47001: 'data format error',
  48004: 'api forbidden for irregularities',
  48006: 'forbid to clear quota because of reaching the limit',
  50002: 'user limited',
  50004: 'forbid to use the token api',
  61003: 'component is not authorized by this account',
  61005: 'component ticket is expired',
  61006: 'component ticket is invalid',
  61009: 'code is invalid',
  61010: 'code is expired',
  61011: 'invalid component',
  61014: 'must use component token for component api',
  61015: 'must use api access token for this api',
  61023: 'refresh_token is invalid',
};

/** Error messages of WeCom, as its page of global error codes lists them. */
const WECOM: Readonly<Record<number, string>> = {
  [-1]: 'system busy',
  40001: 'invalid credential',
  40013: 'invalid corpid',
  40014: 'invalid access_token',
  40078: 'invalid auth code',
  40080: 'invalid suite secret',
  40082: 'invalid suite token',
  40083: 'invalid suite id',
  40084: 'invalid permanent code',
  40085: 'invalid suite ticket',
  40091: 'provider secret is invalid',
  41001: 'access_token missing',
  41002: 'corpid missing',
  41004: 'corpsecret missing',
  41021: 'missing suite id',
  41022: 'missing suite token',
  41023: 'missing suite ticket',
  41024: 'missing suite secret',
  41025: 'missing permanent code',
  42001: 'access_token expired',
  42009: 'suite token expired',
  43001: 'require GET method',
  43002: 'require POST method',
  45009: 'api freq out of limit',
  47001: 'data format error',
  48003: 'invalid suite token',
  48004: 'api forbidden',
  50003: 'app is disabled',
  60020: 'not allow to access from your ip',
};

/** Error messages of bots.qq.com: the codes and the wording are an assumption. */
const QQ: Readonly<Record<number, string>> = {
  43002: 'require POST method',
  100001: 'invalid request',
  100007: 'invalid appid or secret',
  100016: 'invalid appid',
};

/**
 * Composes the `errmsg` of a response. Official messages end in a request id (` rid: 8hex-8hex-8hex`); those of
 * WeCom carry a hint, the caller's address and a link.
 * @param given replaces the text, not these additions
 */
export function errorMessage(
  family: Family,
  errcode: number,
  request: PlatformRequest,
  mark: { rid: string; hint: string },
  given?: string,
): string {
  if (errcode === 0) return given ?? 'ok';
  if (family === 'wecom') {
    const what = given ?? WECOM[errcode] ?? 'error';
    const link = `https://open.work.weixin.qq.com/devtool/query?e=${errcode}`;
    return `${what}, hint: [${mark.hint}], from ip: ${request.ip}, more info at ${link}`;
  }
  if (family === 'qq') return given ?? QQ[errcode] ?? 'error';
  const what = given ?? refusedAddress(errcode, request.ip) ?? OFFICIAL[errcode] ?? 'error';
  return what.includes(' rid: ') ? what : `${what} rid: ${mark.rid}`;
}

function refusedAddress(errcode: number, ip: string): string | undefined {
  if (errcode === 40164) return notWhitelisted(ip);
  return errcode === 61004 ? `access clientip is not registered requestIP: ${ip}` : undefined;
}

/**
 * The second address is the IPv4-mapped spelling of the first, not a hint to register an IPv6 address
 * (docs/wechat-facts.md, "Who may call").
 */
function notWhitelisted(ip: string): string {
  return `invalid ip ${ip} ipv6 ${ip.includes(':') ? ip : `::ffff:${ip}`}, not in whitelist`;
}
