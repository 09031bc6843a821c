/**
 * What a push says, and whether it is to be believed: pure. The steps are those of the platform's pages; where they are
 * silent, the stricter reading is taken.
 */
import { isPlausible } from '../core/credential.ts';
import type { PushRefusal } from '../core/push-trouble.ts';
import { AHEAD_OF_CLOCK, type PushDialect } from '../core/pushed-ticket.ts';
import { HOUR, MINUTE, SECOND } from '../core/time.ts';
import {
  decryptCallback,
  isSigned,
  type Opened,
  parseEncodingAesKey,
  type SignedQuery,
} from './callback-crypto.ts';
import { readFlatXml } from './flat-xml.ts';

/** Whom a push is for: a third-party platform by its appid, a suite of WeCom by its id. */
export interface Recipient {
  readonly dialect: PushDialect;
  readonly id: string;
  /** Corpid of the suite's provider, which WeCom encrypts the check of the URL for; undefined: it is not compared. */
  readonly corpId?: string | undefined;
}

/** What the console of the platform shows for the push, in the clear. */
export interface PushKeys {
  readonly token: string;
  readonly encodingAesKey: string;
  /** The one before: pushes under it are still under way when the key has been changed. */
  readonly previousEncodingAesKey?: string | undefined;
}

/** An envelope: whom it names, and what is sealed in it. */
export interface Envelope {
  readonly dialect: PushDialect;
  readonly id: string;
  readonly encrypted: string;
}

/** A push that bears the signature and could be decrypted. */
export type Message =
  | {
      readonly type: 'ticket';
      readonly infoType: string;
      readonly ticket: string;
      readonly createdAt: number;
    }
  | {
      readonly type: 'event';
      readonly infoType: string;
      /** Epoch ms by the platform's clock. */
      readonly createdAt: number;
      /** The account or corp that the event is about, as far as it says. */
      readonly subject?: string;
      /** Works once. */
      readonly code?: string;
    }
  | { readonly type: 'unknown'; readonly infoType: string; readonly createdAt: number };

/** How long a ticket works, ms. */
const TICKET_LIFE = { 'open-platform': 12 * HOUR, 'work-weixin': 30 * MINUTE } as const;

/** The names that each platform has for the same things. */
const WORDS = {
  'open-platform': {
    id: 'AppId',
    time: 'CreateTime',
    ticketType: 'component_verify_ticket',
    ticket: 'ComponentVerifyTicket',
    subject: 'AuthorizerAppid',
    code: 'AuthorizationCode',
  },
  'work-weixin': {
    id: 'SuiteId',
    time: 'TimeStamp',
    ticketType: 'suite_ticket',
    ticket: 'SuiteTicket',
    subject: 'AuthCorpId',
    code: 'AuthCode',
  },
} as const;

/** Events that say that what an account has granted has changed. */
const EVENTS: Readonly<Record<PushDialect, ReadonlySet<string>>> = {
  'open-platform': new Set(['authorized', 'updateauthorized', 'unauthorized']),
  'work-weixin': new Set(['create_auth', 'change_auth', 'cancel_auth', 'reset_permanent_code']),
};

/**
 * A mini program that the platform has registered has authorised it with that. The event has names of its own, and is of no
 * account where the registration failed: then its status is not 0. Its code is exchanged like any other, as WxJava does.
 */
const REGISTERED = {
  infoType: 'notify_third_fasteregister',
  subject: 'appid',
  code: 'auth_code',
  status: 'status',
} as const;

/** Longest ticket in bytes, as WeCom's page says; those of components are shorter. */
const LONGEST_TICKET = 512;

/** A name of letters is shown in logs; anything else is not. */
const INFO_TYPE = /^[A-Za-z_]{1,64}$/;

/** Reads the outside of a push. @returns undefined if that is none */
export function readEnvelope(body: string): Envelope | undefined {
  const elements = readFlatXml(body);
  const encrypted = elements?.get('Encrypt');
  if (!elements || !encrypted) return undefined;
  const appId = elements.get('AppId');
  const suiteId = elements.get('ToUserName');
  // A push to a component has AppId, one to a suite ToUserName. Both at once could be read in two ways.
  if (appId !== undefined && suiteId !== undefined) return undefined;
  if (appId) return { dialect: 'open-platform', id: appId, encrypted };
  return suiteId ? { dialect: 'work-weixin', id: suiteId, encrypted } : undefined;
}

/**
 * Opens an envelope for the recipient that it names.
 * @returns the message, or why it is not to be believed: that is for the operator alone, and no answer says it, so that
 *   nobody can feel the way to what is
 */
export function openMessage(
  { encrypted }: Envelope,
  query: SignedQuery,
  recipient: Recipient,
  keys: PushKeys,
): Message | Exclude<PushRefusal, 'time'> {
  if (!isSigned(keys.token, query, encrypted)) return 'signature';
  const opened = decrypt(encrypted, keys, (receiver) => receiver === recipient.id);
  if (typeof opened === 'string') return opened;
  const elements = readFlatXml(opened.message);
  return (elements && messageOf(elements, recipient)) ?? 'content';
}

/**
 * Answers WeCom's check of the URL.
 * @returns the text to answer, or why the request is not to be believed
 */
export function openEcho(
  echo: string,
  query: SignedQuery,
  { corpId }: Recipient,
  keys: PushKeys,
): { readonly text: string } | Exclude<PushRefusal, 'time'> {
  if (!isSigned(keys.token, query, echo)) return 'signature';
  const opened = decrypt(echo, keys, (receiver) => corpId === undefined || receiver === corpId);
  return typeof opened === 'string' ? opened : { text: opened.message };
}

/** Whether the time of a ticket can be that of one that works, by our clock at `now` (epoch ms). */
export function isTimely({ dialect }: Pick<Recipient, 'dialect'>, createdAt: number, now: number): boolean {
  return createdAt > now - TICKET_LIFE[dialect] && createdAt <= now + AHEAD_OF_CLOCK;
}

function decrypt(
  encrypted: string,
  { encodingAesKey, previousEncodingAesKey }: PushKeys,
  isFor: (receiver: string) => boolean,
): Opened | 'decryption' | 'content' {
  let isOpen = false;
  for (const text of [encodingAesKey, previousEncodingAesKey]) {
    const key = text === undefined ? undefined : parseEncodingAesKey(text);
    const opened = key && decryptCallback(encrypted, key);
    // A wrong key may decrypt to something by chance: whom it is for tells.
    if (opened && isFor(opened.receiver)) return opened;
    isOpen ||= opened !== undefined;
  }
  return isOpen ? 'content' : 'decryption';
}

function messageOf(elements: ReadonlyMap<string, string>, { dialect, id }: Recipient): Message | undefined {
  const words = WORDS[dialect];
  const infoType = elements.get('InfoType') ?? '';
  const createdAt = secondsOf(elements.get(words.time));
  if (elements.get(words.id) !== id || createdAt === undefined || !INFO_TYPE.test(infoType)) return undefined;
  if (infoType === words.ticketType) {
    const ticket = elements.get(words.ticket);
    return isTicket(ticket) ? { type: 'ticket', infoType, ticket, createdAt } : undefined;
  }
  const isRegistered =
    dialect === 'open-platform' &&
    infoType === REGISTERED.infoType &&
    elements.get(REGISTERED.status) === '0';
  if (!EVENTS[dialect].has(infoType) && !isRegistered) return { type: 'unknown', infoType, createdAt };
  const names = isRegistered ? REGISTERED : words;
  const subject = elements.get(names.subject);
  const code = elements.get(names.code);
  return { type: 'event', infoType, createdAt, ...(subject && { subject }), ...(code && { code }) };
}

function isTicket(text: string | undefined): text is string {
  return isPlausible(text) && text.length <= LONGEST_TICKET;
}

function secondsOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,11}$/.test(text) ? Number(text) * SECOND : undefined;
}
