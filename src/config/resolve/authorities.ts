import { readRegularFile } from '../../system/fs/read-regular-file.ts';

/** The certificates in a file, or why there are none. */
export type Authorities =
  | { readonly pem: string; readonly problem?: never }
  | { readonly pem?: never; readonly problem: string };

/** Bytes: several times what an operating system trusts. */
const LARGEST_BUNDLE = 4 * 1024 * 1024;

export async function readAuthorities(path: string): Promise<Authorities> {
  try {
    const { text } = await readRegularFile(path, LARGEST_BUNDLE, { followLinks: true });
    // Node takes anything here without a word, and then trusts no one.
    return text.includes('-----BEGIN CERTIFICATE-----')
      ? { pem: text }
      : { problem: `${path} holds no certificate in PEM` };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { problem: `${path} cannot be read (${code ?? message})` };
  }
}
