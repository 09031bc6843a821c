/** The most of a foreign text that goes into a message, in UTF-16 units. */
const LONGEST = 200;

const RID = /\brid:\s*([0-9a-f]{8}(?:-[0-9a-f]{8}){2})(?![\w-])/i;
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|\\d{1,2})';
const IPV4 = new RegExp(`(?<![\\d.])${OCTET}(?:\\.${OCTET}){3}(?!\\.?\\d)`);

/** The platform's request id in an errmsg. The `hint: […]` of older answers is not one. */
export function ridOf(errmsg: string): string | undefined {
  return RID.exec(errmsg)?.[1];
}

/**
 * The caller's address as the platform saw it: the first dotted quad, else the first IPv6 address. WeChat adds the
 * IPv4-mapped spelling `::ffff:…` of the same address, which is no IPv6 address that anyone could register.
 */
export function callerAddress(errmsg: string): string | undefined {
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
export function harmless(text: string): string {
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
