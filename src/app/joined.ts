import type { CredentialConfig } from '../config/config.ts';
import type { PermanentCodeFiles } from '../coordination/folder/permanent-code-files.ts';
import type { Clock, CodeStore, PermanentCodeStore, Unit } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import type { Text } from '../core/text.ts';
import type { CallPace } from '../providers/call-pace.ts';
import type { ListRead, SharedReads } from '../providers/kind.ts';
import type { CreatePublisher } from '../publishers/kinds.ts';
import type { FileMemo } from '../system/fs/read-regular-file.ts';
import type { OpenChannel } from './push-channels.ts';
import type { Stores } from './stores.ts';

/** The units of one configured credential: its token, then the tickets that are fetched with it. */
export interface JoinedCredential {
  readonly units: readonly Unit[];
  /** What the platform pushes for it to the receiver; absent: nothing. */
  readonly channel?: OpenChannel;
  /** The codes that are pushed to a third party, for all its daemons; absent: none are exchanged. */
  readonly codes?: CodeStore;
  /** Where the permanent codes of corps go that have installed a suite; absent: nowhere. */
  readonly permanentCodes?: Omit<ServedSuite, 'unit'>;
  /** Watches what else it is fed from, while it is served; absent: nothing. */
  watch?(): Promise<{ close(): Promise<void> }>;
  close(): Promise<void>;
}

/** A suite whose corps' permanent codes are got and kept here. */
export interface ServedSuite {
  /** Of its token. */
  readonly unit: Unit;
  readonly store: PermanentCodeStore;
  readonly files: PermanentCodeFiles;
}

/** The edges that all credentials share. */
export interface SharedEdges {
  readonly stores: Pick<Stores, 'open' | 'openTickets' | 'openCodes' | 'openPermanentCodes' | 'mirror'>;
  readonly clock: Clock;
  readonly sharedReads: SharedReads;
  /** Told of every reading of a third party's list. @param party the AppID of the third party */
  readonly listRead: (party: string) => ListRead;
  /** The pace of the calls for the accounts of a third party. */
  readonly paceOf: (thirdParty: string) => CallPace;
  /** Returns what is known of a secret file, which is read again when it has changed. */
  readonly secretFiles: (path: string) => FileMemo<Secret>;
  readonly warn: (message: Text, fields: { readonly credential: string; readonly corp_id?: string }) => void;
  /** Called when the file of a corp has been written. */
  readonly placed: (path: string, fields: { readonly credential: string; readonly corp_id: string }) => void;
  /** Called when a ticket, or a code, may have been pushed for an account. */
  readonly ticketChanged: (account: string) => void;
  readonly createPublisher: CreatePublisher;
}

/** What a unit is called: by machines, and by people if the configuration says so. */
export function namesOf({ name, title }: CredentialConfig): Pick<Unit, 'name' | 'title'> {
  return { name, ...(title !== undefined && { title }) };
}
