import { oddAnswer } from '../core/credential.ts';
import { type EndpointKind, type PlatformFamily, platformFailure } from '../core/errcodes/index.ts';
import { EdgeError } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import { MINUTE } from '../core/time.ts';
import { withoutEcho } from './echo.ts';
import type { Transport, TransportAnswer } from './transport.ts';
import { statusFailure } from './transport-failure.ts';

export interface PlatformRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** What an error code of this endpoint blames: the secret, or the token. */
  readonly endpoint: EndpointKind;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Whether asking twice does no harm: then another host may be asked when an answer was lost. */
  readonly repeatable: boolean;
  readonly signal: AbortSignal;
  /** Asked at the last moment before anything is sent; with a no, nothing is. */
  readonly permit?: (() => boolean) | undefined;
}

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
