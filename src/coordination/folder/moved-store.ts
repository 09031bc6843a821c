import { dirname } from 'node:path';
import type { Lease, Purpose } from '../../core/ports.ts';
import type { AccountRecord } from '../../core/record.ts';
import type { FileStore } from './account-store.ts';

/**
 * Lets a record that is missing here be the newest of those that lie elsewhere, until it has been written here: so a
 * state folder that was moved costs no call and loses no ledger. What lies elsewhere stays as it is.
 * @param warn called once a record was found elsewhere
 */
export function movedStore(
  here: FileStore,
  elsewhere: readonly FileStore[],
  warn: (message: string) => void,
): FileStore {
  return new MovedStore(here, elsewhere, warn);
}

class MovedStore implements FileStore {
  readonly #here: FileStore;
  readonly #warn: (message: string) => void;
  /** Undefined once there was a record here, or none anywhere. */
  #elsewhere: readonly FileStore[] | undefined;
  #found: AccountRecord | undefined;

  constructor(here: FileStore, elsewhere: readonly FileStore[], warn: (message: string) => void) {
    this.#here = here;
    this.#elsewhere = elsewhere;
    this.#warn = warn;
  }

  get account(): string {
    return this.#here.account;
  }

  get path(): string {
    return this.#here.path;
  }

  async read(): Promise<AccountRecord | undefined> {
    const record = await this.#here.read();
    const elsewhere = this.#elsewhere;
    if (record || !elsewhere) {
      this.#stay();
      return record;
    }
    if (!this.#found) {
      this.#found = await newestOf(elsewhere);
      if (this.#found) this.#tell(elsewhere);
      else this.#elsewhere = undefined;
    }
    return this.#found;
  }

  async write(record: AccountRecord, lease: Lease): Promise<void> {
    await this.#here.write(record, lease);
    this.#stay();
  }

  lock(purpose: Purpose): Promise<Lease | undefined> {
    return this.#here.lock(purpose);
  }

  isPartial(): boolean {
    return this.#found !== undefined;
  }

  isAsKnown(): boolean {
    return this.#here.isAsKnown();
  }

  hasChanged(): Promise<boolean> {
    return this.#here.hasChanged();
  }

  #stay(): void {
    this.#elsewhere = undefined;
    this.#found = undefined;
  }

  #tell(elsewhere: readonly FileStore[]): void {
    const folders = elsewhere.map(({ path }) => dirname(path)).join(' or ');
    this.#warn(`took along the record of ${this.account} from ${folders}: ${ONE_FOLDER}`);
  }
}

/** What to do where a record was found in another state folder. */
const ONE_FOLDER =
  'if another daemon still uses that folder, give both one WXTOKEN_STATE_DIR; otherwise nothing is to be done';

async function newestOf(stores: readonly FileStore[]): Promise<AccountRecord | undefined> {
  const records = await Promise.all(stores.map((store) => store.read().catch(() => undefined)));
  return records
    .filter((record) => record !== undefined)
    .toSorted((a, b) => lastCall(b) - lastCall(a) || b.generation - a.generation)[0];
}

/** Generations of two folders are unrelated: the record that was used last is the newer one, epoch ms. */
function lastCall({ ledger: { lastFetch, since }, token }: AccountRecord): number {
  return Math.max(lastFetch ?? since, token?.issuedAt ?? 0);
}
