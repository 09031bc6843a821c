import { BlockList, isIP } from 'node:net';

/**
 * Tells whether `NO_PROXY` exempts a URL from proxies. It reads the list as curl does
 * (https://curl.se/docs/manpage.html#--noproxy, 2026-11-28): entries are separated by commas or blanks; a name also
 * stands for its subdomains, with or without a leading dot; names end in a dot or not; addresses match addresses only,
 * and may have a prefix length (CIDR). Beyond curl, as other programs do: `*` counts among other entries, an entry may
 * name a port, `*.name` is like `.name`, and IPv6 may stand in brackets.
 */
export function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const to = { host: bare(hostname), port: Number(port) || (protocol === 'https:' ? 443 : 80) };
  return list
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .some((entry) => covers(entry.toLowerCase(), to));
}

interface Destination {
  readonly host: string;
  readonly port: number;
}

function covers(entry: string, { host, port }: Destination): boolean {
  if (entry === '*') return true;
  const [, name = '', only] = withPort(entry) ?? [entry, entry];
  if (only !== undefined && Number(only) !== port) return false;
  if (isIP(host) !== 0) return coversAddress(bare(name), host);
  const suffix = bare(name.replace(/^\*?\./, ''));
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`));
}

/** Splits off a port; the last group of an IPv6 address without brackets is none. */
function withPort(entry: string): RegExpExecArray | null {
  return /^(\[[^\]]*\]|[^:]+):(\d{1,5})$/.exec(entry);
}

function coversAddress(entry: string, host: string): boolean {
  const [, address = '', bits] = /^\[?([^/\]]+)\]?(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const family = isIP(address);
  if (family === 0 || family !== isIP(host)) return false;
  const widest = family === 6 ? 128 : 32;
  const prefix = bits === undefined ? widest : Number(bits);
  if (prefix > widest) return false;
  const type = family === 6 ? 'ipv6' : 'ipv4';
  const covered = new BlockList();
  covered.addSubnet(address, prefix, type);
  return covered.check(host, type);
}

/** A host without the brackets of an IPv6 address and without the dot that ends an absolute name. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}
