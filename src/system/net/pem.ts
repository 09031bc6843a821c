import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

const BEGIN = /-----BEGIN (?:X509 )?CERTIFICATE-----/g;

/**
 * Returns why a text is no bundle of certificates in PEM; undefined if every certificate in it can be read. Node takes
 * any text without an error: it trusts what it can read before the first flaw, and often that is nothing.
 */
export function certificatesProblem(text: string): string | undefined {
  const starts = [...text.matchAll(BEGIN)].map(({ index }) => index);
  if (starts.length === 0) return 'holds no certificate in PEM';
  for (const [position, start] of starts.entries()) {
    const from = text.lastIndexOf('\n', start - 1) + 1;
    const block = text.slice(start === 0 ? 0 : from, starts[position + 1]);
    if (isReadable(block)) continue;
    const line = text.slice(0, start).split('\n').length;
    return `holds a certificate that cannot be read (line ${line}): ${flawOf(block)}`;
  }
  return undefined;
}

function isReadable(block: string): boolean {
  try {
    // An indented block is read by no one, yet the constructor might skip what precedes it.
    if (!block.startsWith('-----BEGIN')) return false;
    new X509Certificate(block);
    return true;
  } catch {
    return false;
  }
}

function flawOf(block: string): string {
  if (block.includes('\\n')) return 'it has \\n written out where line breaks should be';
  if (block.startsWith('\ufeff')) return 'a byte order mark stands before it';
  if (/^-----END /.test(block)) return 'a line break is missing before it';
  if (/^[ \t]|\n[ \t]+\S/.test(block)) return 'it is indented, and each line must begin at the margin';
  if (!/^-----BEGIN[^\n]*-----\s*\n/.test(block))
    return 'it stands on one line, and PEM needs its line breaks';
  return 'it is damaged or cut short';
}

/**
 * Returns why a client certificate and its key cannot be used together; undefined if they can. OpenSSL's own messages
 * about an unusable key help no operator. Quotes neither of them.
 * @param names what messages call the two
 */
export function identityProblem(
  { cert, key }: { readonly cert: string; readonly key: string },
  names: { readonly cert: string; readonly key: string },
): string | undefined {
  const problem = certificatesProblem(cert);
  if (problem !== undefined) return `${names.cert} ${problem}`;
  let parsed: KeyObject;
  try {
    parsed = createPrivateKey(key);
  } catch {
    const isEncrypted = /^(-----BEGIN ENCRYPTED |Proc-Type: .*ENCRYPTED)/m.test(key);
    return isEncrypted
      ? `${names.key} is encrypted, and a daemon has nobody to ask for the passphrase`
      : `${names.key} holds no private key in PEM`;
  }
  return new X509Certificate(cert).checkPrivateKey(parsed)
    ? undefined
    : `${names.key} is not the key of ${names.cert}`;
}
