import { type Answer, oddAnswer, readAnswer, type Token } from '../core/credential.ts';
import { errcodeRule, type PlatformFamily, platformFailure } from '../core/errcodes/index.ts';
import { EdgeError, failureOf } from '../core/failure.ts';
import type { Clock, Probe } from '../core/ports.ts';
import { MINUTE } from '../core/time.ts';
import type { PlatformRequest, Transport, TransportAnswer } from './transport.ts';
import { statusFailure } from './transport-failure.ts';

export interface PlatformAnswer {
  /** Parsed JSON without an `errcode` other than 0. */
  readonly body: unknown;
  /** Its `Date`, epoch ms. */
  readonly platformDate?: number;
}

/** The one place that talks to the platform. */
export interface Platform {
  /** @throws {EdgeError} for everything but an answer without an error code */
  call(request: PlatformRequest): Promise<PlatformAnswer>;
}

/** After so long on a fallback host the first one is tried again, in ms. */
const STICKINESS = 10 * MINUTE;

/**
 * @param family whose error codes the hosts speak
 * @param hosts base URLs, the preferred one first
 */
export function createPlatform(
  family: PlatformFamily,
  hosts: readonly string[],
  transport: Transport,
  clock: Clock,
): Platform {
  let preferred = 0;
  let returnAt = 0;

  return {
    async call(request) {
      if (clock.now().monotonic >= returnAt) preferred = 0;
      let failure: unknown;
      let reached = false;
      for (let turn = 0; turn < hosts.length; turn += 1) {
        const index = (preferred + turn) % hosts.length;
        try {
          const answer = read(await transport.send(hosts[index] ?? '', request), family, request);
          if (index !== preferred) returnAt = clock.now().monotonic + STICKINESS;
          preferred = index;
          return answer;
        } catch (error) {
          // What an earlier host may have done is not undone by a later one that could not be reached.
          failure = reached ? withUnknownEffect(error) : error;
          reached ||= error instanceof EdgeError && error.failure.effect === 'unknown';
          if (request.signal.aborted || !mayAskAnotherHost(error, request)) break;
        }
      }
      throw failure;
    },
  };
}

/** An answer that says no is an answer; only what another entry could do better is worth another request. */
function mayAskAnotherHost(error: unknown, { repeatable }: PlatformRequest): boolean {
  if (!(error instanceof EdgeError) || error.failure.errcode !== undefined) return false;
  return error.failure.effect === 'unsent' || (repeatable && error.failure.effect === 'unknown');
}

function withUnknownEffect(error: unknown): unknown {
  if (!(error instanceof EdgeError) || error.failure.effect !== 'unsent') return error;
  return new EdgeError({ ...error.failure, effect: 'unknown' }, { cause: error });
}

/** The content decides, not the header or the status: error codes come with HTTP 200, JSON comes as text/plain. */
function read(
  { status, text, date, location }: TransportAnswer,
  family: PlatformFamily,
  request: PlatformRequest,
): PlatformAnswer {
  const body = parse(text);
  const errcode = errcodeIn(body);
  if (errcode) {
    const errmsg = withoutEcho(errmsgIn(body), request);
    throw new EdgeError(platformFailure(family, request.endpoint, { errcode, errmsg }));
  }
  if (status < 200 || status > 299) throw statusFailure(status, location);
  if (body === undefined) throw oddAnswer(text.trim() === '' ? 'is empty' : 'is not JSON');
  if (errcode === undefined) throw oddAnswer('has an errcode that is no number');
  return { body, ...(date !== undefined && { platformDate: date }) };
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

/** A string in JSON, whatever stands in it. */
const STRING = /"(?:[^"\\]|\\.)*"/gs;

/** Some of the platform's strings carry raw control characters. They stay what they are: no token may hold one. */
function withEscapedControls(text: string): string {
  return text.replace(
    /[\u0000-\u001f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** @returns 0 where there is none, undefined where it is no whole number */
function errcodeIn(body: unknown): number | undefined {
  if (typeof body !== 'object' || body === null || !('errcode' in body) || body.errcode === null) return 0;
  const { errcode } = body;
  const code = typeof errcode === 'string' && /^-?\d{1,9}$/.test(errcode) ? Number(errcode) : errcode;
  return Number.isSafeInteger(code) ? Number(code) : undefined;
}

function errmsgIn(body: unknown): string {
  return typeof body === 'object' && body !== null && 'errmsg' in body ? String(body.errmsg) : '';
}

/** Parameters whose values nobody else may see. */
const CONFIDENTIAL = /secret|access_token/i;

/**
 * A text of the platform without what it repeats of a request: its errors may quote what they were asked with, as it is
 * or as it was written in a URL.
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
 * Asks whether the platform accepts a token, by the cheapest call there is. Only an error code that blames the token is
 * a no: an outage, a quota or an IP rule says nothing about it.
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
    return {
      works: errcode === undefined || errcodeRule(family, 'ticket', errcode)?.token !== 'suspect',
    };
  }
}

/** What was fetched, and when the platform says that was. @throws {EdgeError} `odd-answer`, see {@link readAnswer} */
export function fetched({ body, ...date }: PlatformAnswer, field: 'access_token' | 'ticket'): Answer {
  return { ...readAnswer(body, field), ...date };
}
