import { type Answer, type AnswerField, oddAnswer, readAnswer, type Token } from '../core/credential.ts';
import type { PlatformFamily } from '../core/errcodes/index.ts';
import { EdgeError, failureOf } from '../core/failure.ts';
import type { Clock, Probe } from '../core/ports.ts';
import { MINUTE } from '../core/time.ts';
import type { PlatformRequest, Transport, TransportAnswer } from './transport.ts';
import { statusFailure } from './transport-failure.ts';

/** A response of the platform without an error code. */
export interface PlatformAnswer {
  /** Parsed JSON, whose `errcode` is absent, null or 0. */
  readonly body: unknown;
  /** `Date` header of the response, in epoch ms. */
  readonly platformDate?: number;
}

/** Calls the platform; no other module does. */
export interface Platform {
  /**
   * Sends a request and checks the response for an error code. When a host cannot be reached it tries the next one;
   * a lost response justifies that only for a repeatable request.
   * @throws {EdgeError} for everything but a response without an error code
   */
  call(request: PlatformRequest): Promise<PlatformAnswer>;
}

/** How long (ms) a fallback host stays preferred before the first host is tried again. */
const STICKINESS = 10 * MINUTE;

/**
 * Creates the platform.
 * @param family whose error codes the hosts use
 * @param hosts base URLs, the preferred one first
 */
export function createPlatform(
  family: PlatformFamily,
  hosts: readonly string[],
  transport: Transport,
  clock: Clock,
): Platform {
  return new Hosts(family, hosts, transport, clock);
}

class Hosts implements Platform {
  readonly #family: PlatformFamily;
  readonly #hosts: readonly string[];
  readonly #transport: Transport;
  readonly #clock: Clock;
  /** Index of the host that is asked first, until {@link #returnAt}. */
  #preferred = 0;
  /** Monotonic ms at which the first host is tried again. */
  #returnAt = 0;

  constructor(family: PlatformFamily, hosts: readonly string[], transport: Transport, clock: Clock) {
    this.#family = family;
    this.#hosts = hosts;
    this.#transport = transport;
    this.#clock = clock;
  }

  async call(request: PlatformRequest): Promise<PlatformAnswer> {
    if (this.#clock.now().monotonic >= this.#returnAt) this.#preferred = 0;
    const hosts = this.#hosts;
    let failure: unknown;
    let reached = false;
    for (let turn = 0; turn < hosts.length; turn += 1) {
      const index = (this.#preferred + turn) % hosts.length;
      try {
        const answer = await read(
          await this.#transport.send(hosts[index] ?? '', request),
          this.#family,
          request,
        );
        if (index !== this.#preferred) this.#returnAt = this.#clock.now().monotonic + STICKINESS;
        this.#preferred = index;
        return answer;
      } catch (error) {
        // An earlier host may have executed the request; that a later one could not be reached does not change
        // this.
        failure = reached ? withUnknownEffect(error) : error;
        reached ||= error instanceof EdgeError && error.failure.effect === 'unknown';
        if (request.signal.aborted || !mayAskAnotherHost(error, request)) break;
      }
    }
    throw failure;
  }
}

/**
 * Whether another host may be asked. An error code is a response, whichever host sends it: only a failure of the
 * host itself is worth another request.
 */
function mayAskAnotherHost(error: unknown, { repeatable }: PlatformRequest): boolean {
  if (!(error instanceof EdgeError) || error.failure.errcode !== undefined) return false;
  return error.failure.effect === 'unsent' || (repeatable && error.failure.effect === 'unknown');
}

function withUnknownEffect(error: unknown): unknown {
  if (!(error instanceof EdgeError) || error.failure.effect !== 'unsent') return error;
  return new EdgeError({ ...error.failure, effect: 'unknown' }, { cause: error });
}

/**
 * Interprets a response by its content, not by header or status: error codes come with HTTP 200, and JSON comes as
 * text/plain (docs/wechat-facts.md, "Form of answers").
 */
async function read(
  { status, text, date, location }: TransportAnswer,
  family: PlatformFamily,
  request: PlatformRequest,
): Promise<PlatformAnswer> {
  const body = parse(text);
  const fields = family === 'qq' ? QQ_FIELDS : FIELDS;
  const errcode = errcodeIn(body, fields.code);
  if (errcode) {
    const errmsg = withoutEcho(errmsgIn(body, fields.message), request);
    const { platformFailure } = await errcodes();
    throw new EdgeError(platformFailure(family, request.endpoint, { errcode, errmsg }));
  }
  if (status < 200 || status > 299) throw statusFailure(status, location);
  if (body === undefined)
    throw oddAnswer(
      text.trim() === '' ? { en: 'is empty', zh: '是空的' } : { en: 'is not JSON', zh: '不是 JSON' },
    );
  if (errcode === undefined)
    throw oddAnswer({
      en: `has ${fields.article} that is no number`,
      zh: `里的 ${fields.code} 不是数字`,
    });
  return { body, ...(date !== undefined && { platformDate: date }) };
}

/**
 * Loads what the platforms' error codes mean: a twentieth of what a daemon would load at its start, and needed once a platform
 * refuses something. A daemon asks for it before that, since it may have run out of open files by then.
 */
export function errcodes() {
  return import('../core/errcodes/index.ts');
}

function parse(text: string): unknown {
  const json = text.replace(/^\ufeff/, '');
  for (const candidate of [json, json.replace(STRING, withEscapedControls)]) {
    try {
      return JSON.parse(candidate);
    } catch {}
  }
  return undefined;
}

/** Matches a JSON string, whatever it contains. */
const STRING = /"(?:[^"\\]|\\.)*"/gs;

/**
 * Escapes control characters, which some of the platform's strings contain raw (docs/wechat-facts.md, "Form of
 * answers"). They are not removed, and a token that contains one is refused later.
 */
function withEscapedControls(text: string): string {
  return text.replace(
    /[\u0000-\u001f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The fields in which an answer carries an error. QQ has others (docs/wechat-facts.md, QQ bots). */
const FIELDS = { code: 'errcode', message: 'errmsg', article: 'an errcode' } as const;
const QQ_FIELDS = { code: 'code', message: 'message', article: 'a code' } as const;

/** Returns the error code of a response: 0 if there is none, undefined if it is not a whole number. */
function errcodeIn(body: unknown, field: string): number | undefined {
  if (typeof body !== 'object' || body === null) return 0;
  const { [field]: errcode } = body as Readonly<Record<string, unknown>>;
  if (errcode === undefined || errcode === null) return 0;
  const code = typeof errcode === 'string' && /^-?\d{1,9}$/.test(errcode) ? Number(errcode) : errcode;
  return Number.isSafeInteger(code) ? Number(code) : undefined;
}

function errmsgIn(body: unknown, field: string): string {
  if (typeof body !== 'object' || body === null) return '';
  const { [field]: errmsg } = body as Readonly<Record<string, unknown>>;
  return errmsg === undefined ? '' : String(errmsg);
}

/** Names of parameters whose values must stay secret. */
const CONFIDENTIAL = /secret|access_token|refresh_token|ticket|auth_?code|authorization_code|permanent_code/i;

/**
 * Redacts, in a text of the platform, what it repeats of a request: its errors may quote parameters verbatim or in
 * the encoding of a URL.
 */
export function withoutEcho(
  text: string,
  { query = {}, body = {} }: { readonly query?: Readonly<Record<string, string>>; readonly body?: object },
): string {
  const sent = Object.entries({ ...body, ...query }).flatMap(([name, value]) =>
    CONFIDENTIAL.test(name) && typeof value === 'string' && value !== '' ? [value] : [],
  );
  return sent
    .flatMap((value) => [
      value,
      encodeURIComponent(value),
      new URLSearchParams({ value }).toString().slice(6),
    ])
    .reduce((rest, written) => rest.replaceAll(written, '[redacted]'), text);
}

/**
 * Asks the platform whether it accepts a token, by the cheapest call there is (docs/wechat-facts.md, "Transport").
 * Only an error code that blames the token counts as a no: an outage, a quota or an IP rule says nothing about the
 * token.
 * @returns the verdict and, if there was a response, the platform's `Date`; never rejects
 */
export async function probeToken(
  family: PlatformFamily,
  platform: Platform,
  token: Token,
  signal: AbortSignal,
): Promise<Probe> {
  try {
    const query = { access_token: token.value.reveal() };
    const { body: _, ...date } = await platform.call({
      method: 'GET',
      path: '/cgi-bin/getcallbackip',
      endpoint: 'ticket',
      query,
      repeatable: true,
      signal,
    });
    return { works: true, ...date };
  } catch (error) {
    const { errcode } = failureOf(error, 'none');
    if (errcode === undefined) return { works: true };
    const { errcodeRule } = await errcodes();
    return { works: errcodeRule(family, 'ticket', errcode)?.token !== 'suspect' };
  }
}

/**
 * Reads a token or ticket from a response, with the platform's `Date`.
 * @param field that contains the value
 * @throws {EdgeError} `odd-answer`, see {@link readAnswer}
 */
export function fetched({ body, platformDate }: PlatformAnswer, field: AnswerField): Answer {
  return { ...readAnswer(body, field), ...(platformDate !== undefined && { platformDate }) };
}
