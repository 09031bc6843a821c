import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxClock } from './clock.ts';
import { claimFaults, type Fault, type TerminalFault } from './faults.ts';
import type { Journal } from './journal.ts';
import type { Platform } from './platform.ts';
import {
  isChunkedPost,
  type PlatformAnswer,
  type PlatformRequest,
  readBody,
  type Trace,
} from './protocol.ts';
import { gatewayAnswer, type HttpResponse, send, sendEndless, sendHalf } from './responses.ts';
import type { Pusher } from './third-parties/pusher.ts';

const BODY_LIMIT = 1_048_576;

/** State shared by all calls. */
export interface SandboxState {
  readonly platform: Platform;
  readonly journal: Journal;
  readonly clock: SandboxClock;
  readonly pusher: Pusher;
  /** Delay of every response in ms. */
  readonly latency: number;
  faults: readonly Fault[];
  /** Responses that a fault keeps open. */
  readonly held: Set<ServerResponse>;
}

/**
 * Handles one HTTP call to the platform: reads the body, applies faults, lets the platform act, writes the journal,
 * and sends the response or what the faults leave of it.
 */
export async function exchange(
  state: SandboxState,
  incoming: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const { platform, clock } = state;
  const body = await readBody(incoming, BODY_LIMIT);
  const request: PlatformRequest = {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    body: body ?? '',
    ip: (incoming.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
  };
  const now = clock.now();
  const appId = platform.identify(request) ?? null;
  const refused = refusedByGateway(incoming, body);
  if (refused) {
    record(state, incoming, request, { at: now, appId, status: refused.status, outcome: 'answered' });
    send(response, refused);
    return;
  }

  const { latency, fault, rest } = claimFaults(state.faults, request.path, appId);
  state.faults = rest;
  const answer = answerOf(platform, request, now, fault);
  const httpResponse = gatewayAnswer(fault) ?? answer;
  record(state, incoming, request, {
    at: now,
    appId,
    status: fault?.kind === 'lost-answer' ? null : (httpResponse?.status ?? null),
    outcome: fault?.kind ?? (latency > 0 ? 'latency' : 'answered'),
    ...(answer && { trace: answer.trace }),
  });
  await delayResponse(response, state.latency + latency);
  if (!response.destroyed) finish(state, response, fault, httpResponse);
}

/** Lets the platform act if the call meets no fault, or one that only affects the response. */
function answerOf(
  platform: Platform,
  request: PlatformRequest,
  now: number,
  fault: TerminalFault | undefined,
): PlatformAnswer | undefined {
  switch (fault?.kind) {
    case undefined:
    case 'lost-answer':
    case 'partial':
      return platform.handle(request, now);
    case 'errcode':
      return platform.refuse(request, now, fault.errcode, fault.errmsg);
    default:
      return undefined;
  }
}

function finish(
  { held }: SandboxState,
  response: ServerResponse,
  fault: TerminalFault | undefined,
  httpResponse: HttpResponse | undefined,
): void {
  if (fault?.kind === 'hang' || fault?.kind === 'endless') {
    held.add(response);
    response.once('close', () => held.delete(response));
    if (fault.kind === 'endless') sendEndless(response);
  } else if (!httpResponse || fault?.kind === 'lost-answer') {
    response.destroy();
  } else if (fault?.kind === 'partial') {
    sendHalf(response, httpResponse);
  } else {
    send(response, httpResponse);
  }
}

function refusedByGateway(incoming: IncomingMessage, body: string | undefined): HttpResponse | undefined {
  if (isChunkedPost(incoming)) return { status: 412, headers: {}, body: '' };
  if (body === undefined) return { status: 413, headers: {}, body: '' };
  return undefined;
}

/** Delays the response, unless the caller disconnects or the sandbox is closed: both close the response. */
async function delayResponse(response: ServerResponse, ms: number): Promise<void> {
  if (ms <= 0) return;
  const gone = new AbortController();
  const leave = () => gone.abort();
  response.once('close', leave);
  await delay(ms, undefined, { signal: gone.signal }).catch(() => undefined);
  response.off('close', leave);
}

interface Outcome {
  readonly at: number;
  readonly appId: string | null;
  readonly status: number | null;
  readonly outcome: string;
  readonly trace?: Trace;
}

function record(
  { journal }: SandboxState,
  { headers }: IncomingMessage,
  { method, path }: PlatformRequest,
  { trace, ...outcome }: Outcome,
): void {
  const { force = false, errcode = null, token = null } = trace ?? {};
  journal.add({ method, path, force, errcode, userAgent: headers['user-agent'] ?? null, token, ...outcome });
}
