import { tokenAccount } from '../codec/account.ts';
import type { FetchedConfig } from '../config/config.ts';
import { secretReader } from '../config/secret-file.ts';
import type { Unit } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import { fingerprintOf, kindOf, ownerOf } from '../providers/index.ts';
import type { FileMemo } from '../system/fs/read-regular-file.ts';

/** Takes the place of the hash in the account of a WeCom app whose secret is not there yet. */
const AWAITED = '/awaited';

/**
 * Identifies the account of a credential independently of the credential's name, since all daemons that fetch for one
 * account must share its lock and budget. A WeCom corp has one token for each app, and only the secret tells its apps
 * apart.
 * @returns `account`: platform, type and appid (after that of the third party), separated by slashes; for WeCom followed by `app`, a hash of the secret
 * `unread` is why there is no secret yet, where the daemon itself waits to write it: until then it is an account of its own
 * @throws {EdgeError} when the secret of a WeCom app cannot be read
 */
export async function accountOf(credential: FetchedConfig) {
  const { type, platform, secret } = credential;
  const account = tokenAccount(platform.id, type, ownerOf(credential));
  if (!kindOf(type).perSecret) return { account, app: '' };
  try {
    const app = `/${fingerprintOf(account, await secretReader(secret)()).slice(0, 12)}`;
    return { account: `${account}${app}`, app };
  } catch (unread) {
    if (!('file' in secret) || !secret.awaited) throw unread;
    return { account: `${account}${AWAITED}`, app: AWAITED, unread };
  }
}

/** How a unit tells that its AppSecret has been replaced. */
type SecretWatch = Required<Pick<Unit, 'fingerprint' | 'isSameSecret'>>;

/** Of what is fetched without a secret. */
export const NO_SECRET: SecretWatch = { fingerprint: async () => undefined, isSameSecret: () => true };

/**
 * Watches the AppSecret of an account. The fingerprint is needed at every look at the state, and thousands of accounts may have
 * one file. The secret itself is read whenever it is sent.
 * @param file what is known of the secret file; absent for a secret from elsewhere
 */
export function watchSecret(
  account: string,
  read: () => Promise<Secret>,
  file: FileMemo<Secret> | undefined,
): SecretWatch {
  // Only what is named here stays in memory with the two functions of each account.
  const watched = new AppSecret(account, file ?? { get: read, isCurrent: () => true });
  return { fingerprint: () => watched.fingerprint(), isSameSecret: () => watched.isSame() };
}

class AppSecret {
  readonly #account: string;
  readonly #source: FileMemo<Secret>;
  #value: Secret | undefined;
  #fingerprint: string | undefined;

  constructor(account: string, source: FileMemo<Secret>) {
    this.#account = account;
    this.#source = source;
  }

  async fingerprint(): Promise<string | undefined> {
    let value: Secret;
    try {
      value = await this.#source.get();
    } catch {
      return undefined;
    }
    if (this.#value !== value) this.#fingerprint = fingerprintOf(this.#account, value);
    this.#value = value;
    return this.#fingerprint;
  }

  isSame(): boolean {
    return this.#value !== undefined && this.#source.isCurrent(this.#value);
  }
}
