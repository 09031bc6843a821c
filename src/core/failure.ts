import { type Bilingual, joined, type Language, SEMICOLON, type Text } from './text.ts';
import { MINUTE, SECOND } from './time.ts';

/** For faults that usually pass within seconds: networks, gateways, disks. */
export const PASSING: Backoff = { first: SECOND, growth: 2, cap: MINUTE, jitter: 'full' };

/**
 * What a failure means for the next attempt.
 * - `passing`: the network, the platform or the disk has a bad moment; try again soon
 * - `frequency`: asked too often; a short pause heals it
 * - `quota`: the allowance of the day is used up; slow, keep what there is
 * - `refused`: a person must change something (secret, whitelist, account)
 * - `confirmation`: a person must confirm something in WeChat
 */
export type FailureClass = 'passing' | 'frequency' | 'quota' | 'refused' | 'confirmation';

/** What people are told of a failure. */
export interface Told {
  /** One line, without secrets. */
  readonly message: string;
  /** What a person should do, where a person can. */
  readonly advice?: string;
}

/**
 * A failed attempt as data: everything the planner, the log and the operator need, and nothing secret. `message` and
 * `advice` are English, since logs are searched for them; `zh` says both in Chinese. {@link failureWith} makes one.
 */
export interface Failure extends Told, Required<Bilingual<Told>> {
  readonly class: FailureClass;
  /** Stable: `wx-40164`, `timeout`, `odd-answer`, `lock-unusable` … */
  readonly code: string;
  /** The platform's own code, where it answered with one. */
  readonly errcode?: number;
  /** The platform's request id, for its rid look-up. */
  readonly rid?: string;
  /**
   * What the attempt may have done on the platform's side: `unsent` when nothing left this host, `none` when the
   * platform said no, `unknown` when the request left and no proper answer came back. After a destructive fetch,
   * `unknown` means that the published token may be dying.
   */
  readonly effect: 'unsent' | 'none' | 'unknown';
  readonly backoff: Backoff;
  /**
   * The platform refuses the token that a ticket, or the token of another account, was asked for with; or possibly so: the
   * same answer has another reason as well.
   */
  readonly blamesToken?: 'certainly' | 'possibly';
  /** The AppSecret is refused, or cannot be read: a daemon that has another one may do better. */
  readonly blamesSecret?: true;
  /** The ticket that the platform pushed is refused, or there is none: a newer one ends the pause. */
  readonly blamesTicket?: true;
  /** The authorisation that the token rests on is gone, by word of the platform: the token that is there is dead. */
  readonly endsAuthorisation?: true;
  /** Nothing is known that the account has granted, which it could be asked for with. */
  readonly lacksGrant?: true;
  /** The authorisation code that it was asked for with works no more: it is none, or has been used. */
  readonly spendsCode?: true;
}

/** What {@link failureWith} makes a failure of: all of it, with what people are told in every language. */
export type FailureTexts = Omit<Failure, keyof Told | 'zh'> & ToldTexts;

/** What people are told of a failure, in every language. */
export interface ToldTexts {
  readonly message: Text;
  readonly advice?: Text | undefined;
}

/** Makes a failure of its texts. */
export function failureWith({ message, advice, ...rest }: FailureTexts): Failure {
  return { ...rest, ...toldWith({ message, advice }) };
}

/** Says texts as a failure says them. */
export function toldWith(texts: ToldTexts): Told & Required<Bilingual<Told>> {
  return { ...toldIn(texts, 'en'), zh: toldIn(texts, 'zh') };
}

function toldIn({ message, advice }: ToldTexts, language: Language): Told {
  return { message: message[language], ...(advice && { advice: advice[language] }) };
}

/** The texts of a failure, to make others of. */
export function textsOf({ message, advice, zh }: Told & Bilingual<Told>): ToldTexts {
  const translated = { message, ...(advice !== undefined && { advice }), ...zh };
  return {
    message: { en: message, zh: translated.message },
    ...(advice !== undefined && { advice: { en: advice, zh: translated.advice ?? advice } }),
  };
}

/** What people are told of a failure in one line: the message, then the advice where there is some. */
export function inOneLine(failure: Told & Bilingual<Told>): Text {
  const { message, advice } = textsOf(failure);
  return advice ? joined([message, advice], SEMICOLON) : message;
}

/** The error that carries a {@link Failure} from the edge where it was understood. `code` is the failure's. */
export class EdgeError extends Error {
  override readonly name = 'EdgeError';
  readonly code: string;
  readonly failure: Failure;

  constructor(about: Failure | FailureTexts, options?: { readonly cause?: unknown }) {
    const failure = isMade(about) ? about : failureWith(about);
    super(failure.message, options);
    this.code = failure.code;
    this.failure = failure;
  }
}

function isMade(about: Failure | FailureTexts): about is Failure {
  return typeof about.message === 'string';
}

/** Reads the failure out of anything thrown: an {@link EdgeError} knows, everything else is a passing fault. */
export function failureOf(error: unknown, effect: Failure['effect']): Failure {
  if (error instanceof EdgeError) return error.failure;
  const { code, message } =
    error instanceof Error
      ? (error as Error & { code?: unknown })
      : { code: undefined, message: String(error) };
  return {
    class: 'passing',
    code: typeof code === 'string' ? code : 'unexpected',
    message,
    zh: { message },
    effect,
    backoff: PASSING,
  };
}

/** How the waits between failing attempts grow, in milliseconds. */
export interface Backoff {
  readonly first: number;
  readonly growth: number;
  readonly cap: number;
  /**
   * `full`: anywhere between nothing and the wait, so that a thousand daemons do not return as one.
   * `added`: never less than the wait (the platform named it), up to a fifth more.
   */
  readonly jitter: 'full' | 'added';
}

/** Even a lucky draw of full jitter leaves the platform this long, in milliseconds. */
const BREATH = 250;

/**
 * The wait before the next attempt, in milliseconds.
 * @param failures how many attempts have failed in a row, at least 1
 * @param random in [0, 1)
 */
export function backoffDelay(backoff: Backoff, failures: number, random: number): number {
  const wait = Math.min(backoff.cap, backoff.first * backoff.growth ** Math.max(0, failures - 1));
  return backoff.jitter === 'full' ? Math.max(BREATH, wait * random) : wait * (1 + random / 5);
}
