import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isMissing, missing } from '../support/tools.ts';

const execute = promisify(execFile);

export interface Identity {
  readonly key: string;
  readonly cert: string;
}

export interface Certificates {
  /** PEM of the authority that signed `server` and `elsewhere`. */
  readonly authority: string;
  /** PEM of an authority that signed nothing. */
  readonly stranger: string;
  /** For localhost, 127.0.0.1 and each name under wx.test. */
  readonly server: Identity;
  /** For another host. */
  readonly elsewhere: Identity;
  readonly selfSigned: Identity;
}

const NAMES = 'subjectAltName=DNS:localhost,DNS:*.wx.test,IP:127.0.0.1';

/**
 * Fresh certificates.
 * @returns the reason as a text where `openssl` is missing
 */
export async function makeCertificates(): Promise<Certificates | string> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-certificates-'));
  const openssl = (...args: string[]) => execute('openssl', args, { cwd: folder });
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  const keyed = (name: string, subject: string) => [
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', `${name}.key`, '-subj', `/CN=${subject}`],
  ];

  async function authority(name: string): Promise<string> {
    await openssl('req', '-x509', ...keyed(name, name), '-days', '2', '-out', `${name}.pem`);
    return await read(`${name}.pem`);
  }

  async function signed(name: string, alternatives: string): Promise<Identity> {
    await writeFile(join(folder, `${name}.ext`), alternatives);
    await openssl('req', ...keyed(name, name), '-out', `${name}.csr`);
    await openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-days', '2', '-extfile', `${name}.ext`],
      ...['-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-out', `${name}.pem`],
    );
    return { key: await read(`${name}.key`), cert: await read(`${name}.pem`) };
  }

  try {
    await openssl('version');
  } catch (error) {
    await rm(folder, { recursive: true });
    if (!isMissing(error)) throw error;
    return missing('openssl');
  }
  try {
    await writeFile(join(folder, 'self.ext'), NAMES);
    const [certified, stranger] = [await authority('authority'), await authority('stranger')];
    await openssl(
      'req',
      '-x509',
      ...keyed('self', 'localhost'),
      '-addext',
      NAMES,
      '-days',
      '2',
      '-out',
      'self.pem',
    );
    return {
      authority: certified,
      stranger,
      server: await signed('server', NAMES),
      elsewhere: await signed('elsewhere', 'subjectAltName=DNS:elsewhere.example'),
      selfSigned: { key: await read('self.key'), cert: await read('self.pem') },
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
