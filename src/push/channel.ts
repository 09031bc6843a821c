import type { CodeStore, TicketStore } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import type { Message, Recipient } from './receive.ts';

/** What the console of the platform shows for the push; read anew for each push, so that a change works at once. */
export interface ChannelKeys {
  readonly token: Secret;
  readonly encodingAesKey: Secret;
  readonly previousEncodingAesKey?: Secret;
}

export type PushEvent = Extract<Message, { readonly type: 'event' }>;

/** One credential whose platform pushes to the receiver. */
export interface Channel {
  /** The name of the credential. */
  readonly credential: string;
  readonly recipient: Recipient;
  /** Several credentials may share one path: the push says for which it is. */
  readonly path: string;
  /** @throws {EdgeError} why a file cannot be used */
  readonly keys: () => Promise<ChannelKeys>;
  /** Where the tickets go: for all daemons of its account, durably. */
  readonly tickets: Pick<TicketStore, 'put'>;
  /**
   * Where the codes of authorisations go that are exchanged here, durably: a push comes once, and its code is used once.
   * Absent: nobody exchanges them here.
   */
  readonly codes?: Pick<CodeStore, 'put'>;
  /** A URL on loopback that everything but tickets is passed on to; then nothing of it is acted upon here. */
  readonly forward?: URL;
  /** Called after an event, which is a hint and no more: a recorded push can be sent again. It must not wait. */
  readonly event: (event: PushEvent) => void;
}
