import { type Journal, newJournal, type Stretch } from '../journal.ts';

export type CallKind = 'component' | 'authorizer' | 'list' | 'exchange' | 'start' | 'probe';

const KINDS: Readonly<Record<string, CallKind>> = {
  '/cgi-bin/component/api_component_token': 'component',
  '/cgi-bin/component/api_authorizer_token': 'authorizer',
  '/cgi-bin/component/api_get_authorizer_list': 'list',
  '/cgi-bin/component/api_query_auth': 'exchange',
  '/cgi-bin/component/api_start_push_ticket': 'start',
  '/cgi-bin/getcallbackip': 'probe',
};

export function callKind(path: string): CallKind {
  const kind = KINDS[path];
  if (!kind) throw new TypeError(`nobody should call ${path}`);
  return kind;
}

/** Whether it brings a token of an account. */
export function isOfAccount(kind: CallKind): boolean {
  return kind === 'authorizer' || kind === 'exchange';
}

/** Whether it is among those that keep a pace. */
export function isForAccount(kind: CallKind): boolean {
  return isOfAccount(kind) || kind === 'list';
}

/** A call that went out. Times are true time, ms. */
export interface Call {
  readonly at: number;
  readonly kind: CallKind;
  /** The AppID that it was made for. */
  readonly account: string;
  readonly daemon: number;
  /** How many calls for accounts the daemon had under way, this one among them. */
  readonly underway: number;
}

/** What happened to one account, or to the component. */
export interface AccountJournal extends Journal {
  /** When it authorised again. */
  readonly authorisations: number[];
  /** Tokens that the platform handed out, and when. */
  readonly issued: { readonly token: string; readonly at: number }[];
  /** Tokens that were written down for all daemons. */
  readonly heard: Set<string>;
}

export function newAccountJournal(): AccountJournal {
  return { ...newJournal(), authorisations: [], issued: [], heard: new Set() };
}

/** What happened to all of them. */
export interface SharedJournal {
  readonly calls: Call[];
  /** When the platform pushed no tickets, whatever it was asked. */
  readonly pauses: Stretch[];
  readonly pushes: number[];
}
