import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Identity } from '../providers/certificates.ts';
import { isMissing, missing } from '../support/tools.ts';

const execute = promisify(execFile);

export interface Identities {
  /** PEM of the authority that signed all of them. */
  readonly ca: string;
  readonly valid: Identity;
  readonly expired: Identity;
  readonly notYet: Identity;
  /** Signed for somebody who is to show who he is, not for a server. */
  readonly client: Identity;
}

const CONFIG = `[ca]
default_ca = own
[own]
dir = .
database = index.txt
new_certs_dir = issued
serial = serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[server]
subjectAltName = DNS:localhost,IP:127.0.0.1
extendedKeyUsage = serverAuth
[client]
subjectAltName = DNS:localhost,IP:127.0.0.1
extendedKeyUsage = clientAuth
`;

/** @returns the reason as a text where `openssl` is missing */
export async function makeIdentities(): Promise<Identities | string> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-authority-'));
  const openssl = (...args: string[]) => execute('openssl', args, { cwd: folder });
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  const keyed = (name: string) => [
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', `${name}.key`, '-subj', `/CN=${name}`],
  ];

  /** Between these times, as OpenSSL writes them: `20200101000000Z`. */
  async function issue(name: string, extensions: string, from: string, until: string): Promise<Identity> {
    await openssl('req', ...keyed(name), '-out', `${name}.csr`);
    await openssl(
      ...['ca', '-batch', '-notext', '-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key'],
      ...['-in', `${name}.csr`, '-out', `${name}.pem`, '-extensions', extensions],
      ...['-startdate', from, '-enddate', until],
    );
    return { key: await read(`${name}.key`), cert: await read(`${name}.pem`) };
  }

  try {
    await openssl('version');
    await writeFile(join(folder, 'ca.cnf'), CONFIG);
    await writeFile(join(folder, 'index.txt'), '');
    await writeFile(join(folder, 'serial'), '01\n');
    await mkdir(join(folder, 'issued'));
    await openssl('req', '-x509', ...keyed('ca'), '-days', '2', '-out', 'ca.pem');
    const [past, future] = ['20200101000000Z', '20990101000000Z'];
    return {
      ca: await read('ca.pem'),
      valid: await issue('valid', 'server', past, future),
      expired: await issue('expired', 'server', past, '20200102000000Z'),
      notYet: await issue('notYet', 'server', '20980101000000Z', future),
      client: await issue('client', 'client', past, future),
    };
  } catch (error) {
    if (!isMissing(error)) throw error;
    return missing('openssl');
  } finally {
    await rm(folder, { recursive: true });
  }
}
