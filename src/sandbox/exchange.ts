import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxClock } from './clock.ts';
import { gatewayAnswer, send, sendEndless, sendHalf, type WireAnswer } from './endings.ts';
import { claimFaults, type Ending, type Fault } from './faults.ts';
import type { Journal } from './journal.ts';
import type { Platform } from './platform.ts';
import {
  isChunkedPost,
  type PlatformAnswer,
  type PlatformRequest,
  readBody,
  type Trace,
} from './protocol.ts';

const BODY_LIMIT = 1_048_576;

/** State shared by all calls. */
export interface Transport {
  readonly platform: Platform;
  readonly journal: Journal;
  readonly clock: SandboxClock;
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
  transport: Transport,
  incoming: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const { platform, clock } = transport;
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
    record(transport, incoming, request, { at: now, appId, status: refused.status, outcome: 'answered' });
    send(response, refused);
    return;
  }

  const { latency, ending, rest } = claimFaults(transport.faults, request.path, appId);
  transport.faults = rest;
  const answer = act(platform, request, now, ending);
  const wire = gatewayAnswer(ending) ?? answer;
  record(transport, incoming, request, {
    at: now,
    appId,
    status: ending?.kind === 'lost-answer' ? null : (wire?.status ?? null),
    outcome: ending?.kind ?? (latency > 0 ? 'latency' : 'answered'),
    ...(answer && { trace: answer.trace }),
  });
  await holdBack(response, transport.latency + latency);
  if (!response.destroyed) finish(transport, response, ending, wire);
}

/** Lets the platform act if the call meets no fault, or one that only affects the response. */
function act(
  platform: Platform,
  request: PlatformRequest,
  now: number,
  ending: Ending | undefined,
): PlatformAnswer | undefined {
  switch (ending?.kind) {
    case undefined:
    case 'lost-answer':
    case 'partial':
      return platform.handle(request, now);
    case 'errcode':
      return platform.refuse(request, now, ending.errcode, ending.errmsg);
    default:
      return undefined;
  }
}

function finish(
  { held }: Transport,
  response: ServerResponse,
  ending: Ending | undefined,
  wire: WireAnswer | undefined,
): void {
  if (ending?.kind === 'hang' || ending?.kind === 'endless') {
    held.add(response);
    response.once('close', () => held.delete(response));
    if (ending.kind === 'endless') sendEndless(response);
  } else if (!wire || ending?.kind === 'lost-answer') {
    response.destroy();
  } else if (ending?.kind === 'partial') {
    sendHalf(response, wire);
  } else {
    send(response, wire);
  }
}

function refusedByGateway(incoming: IncomingMessage, body: string | undefined): WireAnswer | undefined {
  if (isChunkedPost(incoming)) return { status: 412, headers: {}, body: '' };
  if (body === undefined) return { status: 413, headers: {}, body: '' };
  return undefined;
}

/** Delays the response, unless the caller disconnects or the sandbox is closed: both close the response. */
async function holdBack(response: ServerResponse, ms: number): Promise<void> {
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
  { journal }: Transport,
  { headers }: IncomingMessage,
  { method, path }: PlatformRequest,
  { trace, ...outcome }: Outcome,
): void {
  const { force = false, errcode = null, token = null } = trace ?? {};
  journal.add({ method, path, force, errcode, userAgent: headers['user-agent'] ?? null, token, ...outcome });
}
