import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { en, type Text, zh } from '../../core/text.ts';

const BEGIN = /-----BEGIN (?:X509 )?CERTIFICATE-----/g;

/**
 * Returns why a text is no bundle of certificates in PEM; undefined if every certificate in it can be read. Node takes
 * any text without an error: it trusts what it can read before the first flaw, and often that is nothing.
 */
export function certificatesProblem(text: string): Text | undefined {
  const starts = [...text.matchAll(BEGIN)].map(({ index }) => index);
  if (starts.length === 0) return { en: 'holds no certificate in PEM', zh: '里没有 PEM 格式的证书' };
  for (const [position, start] of starts.entries()) {
    const from = text.lastIndexOf('\n', start - 1) + 1;
    const block = text.slice(start === 0 ? 0 : from, starts[position + 1]);
    if (isReadable(block)) continue;
    const line = text.slice(0, start).split('\n').length;
    const flaw = flawOf(block);
    return {
      en: en`holds a certificate that cannot be read (line ${line}): ${flaw}`,
      zh: zh`里有无法读取的证书（第 ${line} 行）：${flaw}`,
    };
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

function flawOf(block: string): Text {
  if (block.includes('\\n')) {
    return {
      en: 'it has \\n written out where line breaks should be',
      zh: '应当换行的地方写成了 \\n 两个字符',
    };
  }
  if (block.startsWith('\ufeff')) {
    return { en: 'a byte order mark stands before it', zh: '它前面有字节顺序标记（BOM）' };
  }
  if (/^-----END /.test(block)) {
    return { en: 'a line break is missing before it', zh: '它前面缺少换行' };
  }
  if (/^[ \t]|\n[ \t]+\S/.test(block)) {
    return {
      en: 'it is indented, and each line must begin at the margin',
      zh: '它有缩进，而每一行都必须顶格',
    };
  }
  if (!/^-----BEGIN[^\n]*-----\s*\n/.test(block)) {
    return {
      en: 'it stands on one line, and PEM needs its line breaks',
      zh: '它写在一行里，而 PEM 需要换行',
    };
  }
  return { en: 'it is damaged or cut short', zh: '它已损坏或不完整' };
}

/**
 * Returns why a client certificate and its key cannot be used together; undefined if they can. OpenSSL's own messages
 * about an unusable key help no operator. Quotes neither of them.
 * @param names what messages call the two
 */
export function identityProblem(
  { cert, key }: { readonly cert: string; readonly key: string },
  names: { readonly cert: Text; readonly key: Text },
): Text | undefined {
  const problem = certificatesProblem(cert);
  if (problem) return { en: en`${names.cert} ${problem}`, zh: zh`${names.cert} ${problem}` };
  let parsed: KeyObject;
  try {
    parsed = createPrivateKey(key);
  } catch {
    const isEncrypted = /^(-----BEGIN ENCRYPTED |Proc-Type: .*ENCRYPTED)/m.test(key);
    if (isEncrypted) {
      return {
        en: en`${names.key} is encrypted, and a daemon has nobody to ask for the passphrase`,
        zh: zh`${names.key} 是加密的，守护进程没有人可以询问口令`,
      };
    }
    return {
      en: en`${names.key} holds no private key in PEM`,
      zh: zh`${names.key} 里没有 PEM 格式的私钥`,
    };
  }
  if (new X509Certificate(cert).checkPrivateKey(parsed)) return undefined;
  return {
    en: en`${names.key} is not the key of ${names.cert}`,
    zh: zh`${names.key} 不是 ${names.cert} 的私钥`,
  };
}
