import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { markOf } from '../codec/pushed-codes.ts';
import type { PushReport } from '../core/events/push.ts';
import { failureOf } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import type { PushRefusal } from '../core/push-trouble.ts';
import { OLDEST_PUSH } from '../core/pushed-code.ts';
import { AHEAD_OF_CLOCK } from '../core/pushed-ticket.ts';
import { Secret } from '../core/secret.ts';
import { SECOND } from '../core/time.ts';
import { addressText, type TcpAddress } from '../system/net/address.ts';
import { listenOnPort, portOf } from '../system/net/listen.ts';
import { endSlowRequests, UNLOOKED } from '../system/net/slow-requests.ts';
import { startDeadline } from '../system/time/deadline.ts';
import type { SignedQuery } from './callback-crypto.ts';
import type { Channel } from './channel.ts';
import { forwardPush } from './forward.ts';
import { isTimely, type Message, openEcho, openMessage, type PushKeys, readEnvelope } from './receive.ts';

export interface PushServerOptions {
  readonly listen: TcpAddress;
  readonly clock: Clock;
  /** The credentials that are served now. */
  readonly channels: () => readonly Channel[];
  readonly report: (report: PushReport) => void;
  /** Called with an unexpected error; the platform got a 500. */
  readonly failed: (error: unknown) => void;
  /** How long a client may take to send a push, ms. */
  readonly patience?: number;
  /** How long an app may take for what is passed on to it, ms. */
  readonly forwardPatience?: number;
}

/** A receiver that is listening. */
export interface PushServer {
  /** The address it listens on; for port 0 with the port that the system chose. */
  readonly address: string;
  /** Stops the server and closes every connection. */
  close(): Promise<void>;
}

/** Most connections: the platform needs a handful, and the internet gets no more than this. */
const CONNECTIONS = 64;

/** Most bytes of a request's headers and of its body. */
const HEADERS = 8 * 1024;
const BODY = 64 * 1024;

/** A push is small and comes in one piece. */
const PATIENCE = 2 * SECOND;

/** WeChat waits five seconds for its answer. */
const FORWARD_PATIENCE = 4 * SECOND;
const KEEP_PATIENCE = 4 * SECOND;

/** What the platform wants to read: seven bytes, no more. */
const SUCCESS = 'success';

/** The answer to a request, and what is told of it. */
interface Reply {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly report?: PushReport;
  /** What is done once the answer is on its way: WeCom waits no longer than a second. */
  readonly afterwards?: () => void;
}

/**
 * Starts the receiver of pushes. It is reachable from the internet: whoever does not know Token and EncodingAESKey gets
 * nothing out of it but whether an AppID is served.
 * @throws {Error} with a `code` such as EADDRINUSE when it cannot listen
 */
export async function startPushServer({
  listen,
  patience = PATIENCE,
  ...options
}: PushServerOptions): Promise<PushServer> {
  const server = createServer(
    {
      maxHeaderSize: HEADERS,
      keepAliveTimeout: patience,
      ...UNLOOKED,
    },
    (request, response) => void serve(request, response, options),
  );
  limitConnections(server, CONNECTIONS);
  endSlowRequests(server, patience);
  // Closes the connection of a client that does not receive its response.
  server.setTimeout(FORWARD_PATIENCE + 2 * patience);
  await listenOnPort(server, listen);
  return {
    address: addressText({ ...listen, port: portOf(server) }),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Rules = Omit<PushServerOptions, 'listen' | 'patience'>;

async function serve(request: IncomingMessage, response: ServerResponse, rules: Rules): Promise<void> {
  let reply: Reply | undefined;
  try {
    reply = await replyTo(request, rules);
  } catch (error) {
    // The client has gone: nobody is there to be answered, and nothing is wrong here.
    if (request.destroyed && !request.complete) return;
    rules.failed(error);
    reply = { status: 500 };
  }
  const { status, body = '', headers, report, afterwards } = reply;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
    // What was not read of a request must not be taken for the next one.
    ...(!request.complete && { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  if (report) rules.report(report);
  afterwards?.();
}

async function replyTo(request: IncomingMessage, rules: Rules): Promise<Reply> {
  const [path = '', ...rest] = (request.url ?? '').split('?');
  const query = rest.join('?');
  const parameters = new URLSearchParams(query);
  const signed = signedQuery(parameters);
  const here = rules.channels().filter((channel) => channel.path === path);
  // Whoever looks around on the internet is no news, but a platform whose console has another URL is.
  if (here.length === 0) return { status: 404, ...(signed && { report: { verdict: 'unknown-path', path } }) };
  const checked = here.filter(({ recipient }) => recipient.dialect === 'work-weixin');
  const methods = checked.length > 0 ? ['GET', 'POST'] : ['POST'];
  if (!methods.includes(request.method ?? '')) return { status: 405, headers: { allow: methods.join(', ') } };
  if (request.method === 'GET') return await answerCheck(checked, parameters, signed);
  const body = await readBody(request);
  if (!body) return { status: 413 };
  if (!signed) return REFUSED;
  const envelope = readEnvelope(body.toString('utf8'));
  if (!envelope) return REFUSED;
  const { dialect, id } = envelope;
  const channel = here.find(({ recipient }) => recipient.dialect === dialect && recipient.id === id);
  if (!channel) return { status: 200, body: SUCCESS, report: { verdict: 'unknown-account', id } };
  const named = { credential: channel.credential, id, dialect };
  const keys = await keysOf(channel);
  if (typeof keys === 'string')
    return { status: 500, report: { verdict: 'failed', ...named, problem: keys } };
  const message = openMessage(envelope, signed, channel.recipient, keys);
  if (typeof message === 'string') return refusedBy(message, named);
  const contentType = request.headers['content-type'];
  const told = await act(channel, message, { query, body, contentType }, rules);
  const now = rules.clock.now().wall;
  const { infoType, createdAt } = message;
  return { ...told, report: { ...told.report, ...named, infoType, age: now - createdAt } };
}

const REFUSED = { status: 403, report: { verdict: 'refused' } } as const;

function refusedBy(refusal: PushRefusal, named: Omit<PushReport, 'verdict'>): Reply {
  return { ...REFUSED, report: { verdict: 'refused', ...named, refusal } };
}

/** Answers WeCom's check of the URL, by the first of the suites at the path that it is for. */
async function answerCheck(
  channels: readonly Channel[],
  parameters: URLSearchParams,
  signed: SignedQuery | undefined,
): Promise<Reply> {
  const echo = single(parameters, 'echostr');
  if (!signed || !echo) return REFUSED;
  let refused: Reply = REFUSED;
  for (const { credential, recipient, keys: read } of channels) {
    const { dialect, id } = recipient;
    const keys = await keysOf({ keys: read });
    if (typeof keys === 'string') continue;
    const opened = openEcho(echo, signed, recipient, keys);
    if (typeof opened !== 'string')
      return { status: 200, body: opened.text, report: { verdict: 'check', credential, id, dialect } };
    // A check names no account: of several at one path nobody knows whose it was.
    if (channels.length === 1) refused = refusedBy(opened, { credential, id, dialect });
  }
  return refused;
}

interface Told extends Omit<Reply, 'report'> {
  readonly report: Pick<PushReport, 'verdict' | 'problem' | 'isLeft' | 'refusal'>;
}

const TAKEN = { status: 200, body: SUCCESS } as const;

async function act(
  channel: Channel,
  message: Message,
  push: { readonly query: string; readonly body: Buffer; readonly contentType: string | undefined },
  { clock, forwardPatience = FORWARD_PATIENCE }: Rules,
): Promise<Told> {
  if (message.type === 'ticket') return await keep(channel, message, clock);
  const { forward, event } = channel;
  const hint = message.type === 'event' ? { afterwards: () => event(message) } : {};
  const verdict = message.type === 'event' ? 'event' : 'ignored';
  if (!forward) {
    const problem = message.type === 'event' ? await keepCode(channel, message, clock) : undefined;
    if (problem !== undefined) return { status: 500, report: { verdict: 'failed', problem } };
    const isLeft = message.type === 'event' && message.code !== undefined && !channel.codes;
    return { ...TAKEN, ...hint, report: { verdict, ...(isLeft && { isLeft }) } };
  }
  const problem = await forwardPush(forward, push, forwardPatience);
  // What the app has not taken may come again; what it says of tokens is true in any case.
  if (problem !== undefined) {
    return {
      status: 502,
      ...hint,
      report: {
        verdict: 'failed',
        problem: `passing it on to ${forward.origin}${forward.pathname}: ${problem}`,
      },
    };
  }
  return { ...TAKEN, ...hint, report: { verdict } };
}

/** Keeps a ticket. It is durable before `success` is answered: after that the platform does not send it again. */
async function keep(
  { recipient, tickets }: Channel,
  { ticket, createdAt }: Extract<Message, { type: 'ticket' }>,
  clock: Clock,
): Promise<Told> {
  const receivedAt = clock.now().wall;
  if (!isTimely(recipient, createdAt, receivedAt))
    return { status: 403, report: { verdict: 'stale', refusal: 'time' } };
  try {
    const kept = await within(
      KEEP_PATIENCE,
      tickets.put({ value: new Secret(ticket), createdAt, receivedAt }),
    );
    return { ...TAKEN, report: { verdict: kept === 'kept' ? 'ticket' : 'older' } };
  } catch (error) {
    return { status: 500, report: { verdict: 'failed', problem: messageOf(error) } };
  }
}

/**
 * Keeps the code of an authorisation, if it is exchanged here. It is durable before `success` is answered: after that nobody
 * sends it again. A push of another time is a hint at best, since one that was recorded can be sent for ever.
 * @returns the reason if it cannot be kept
 */
async function keepCode(
  { codes, recipient }: Channel,
  { code, subject, createdAt }: Extract<Message, { type: 'event' }>,
  clock: Clock,
): Promise<string | undefined> {
  const receivedAt = clock.now().wall;
  const isTimely = createdAt > receivedAt - OLDEST_PUSH && createdAt <= receivedAt + AHEAD_OF_CLOCK;
  // Which corp it is, a suite learns by the exchange.
  const isWhole = recipient.dialect === 'work-weixin' || subject !== undefined;
  if (!codes || code === undefined || !isWhole || !isTimely) return undefined;
  try {
    const kept = {
      ...{ mark: markOf(code), value: new Secret(code), receivedAt },
      ...(recipient.dialect === 'open-platform' && subject !== undefined && { subject }),
    };
    await within(KEEP_PATIENCE, codes.put(kept));
    return undefined;
  } catch (error) {
    return failureOf(error, 'none').message;
  }
}

/** @returns the reason if they cannot be read */
async function keysOf({ keys }: Pick<Channel, 'keys'>): Promise<PushKeys | string> {
  try {
    const { token, encodingAesKey, previousEncodingAesKey } = await within(KEEP_PATIENCE, keys());
    return {
      token: token.reveal(),
      encodingAesKey: encodingAesKey.reveal(),
      previousEncodingAesKey: previousEncodingAesKey?.reveal(),
    };
  } catch (error) {
    return messageOf(error);
  }
}

/** The signed parameters, each of which must be there once: two values could be read in two ways. */
function signedQuery(parameters: URLSearchParams): SignedQuery | undefined {
  const timestamp = single(parameters, 'timestamp');
  const nonce = single(parameters, 'nonce');
  const signature = single(parameters, 'msg_signature');
  return timestamp && nonce && signature ? { timestamp, nonce, signature } : undefined;
}

function single(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}

/** @returns undefined if it is longer than allowed; then the rest is not read */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > BODY) return undefined;
  const pieces: Buffer[] = [];
  let size = 0;
  return await new Promise((resolve, reject) => {
    request.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size <= BODY) pieces.push(piece);
      else {
        request.pause();
        resolve(undefined);
      }
    });
    request.once('end', () => resolve(Buffer.concat(pieces)));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the client has gone')));
  });
}

/** For work that obeys no signal. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const deadline = startDeadline({ ms });
  try {
    return await Promise.race([work, deadline.reached]);
  } finally {
    deadline.release();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Holds the number of connections. For a new one the one goes that has waited longest without a whole request: whoever
 * opens many and says nothing must not keep the platform out.
 */
function limitConnections(server: Server, most: number): void {
  const sockets = new Set<Socket>();
  /** Without a request that is being answered, oldest first. */
  const waiting = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    waiting.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      waiting.delete(socket);
    });
    if (sockets.size <= most) return;
    const [oldest] = waiting;
    oldest?.destroy();
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    // From its last byte on a request is answered; before that it may be one that never ends.
    request.once('end', () => waiting.delete(socket));
    response.once('finish', () => {
      if (!socket.destroyed) waiting.add(socket);
    });
  });
}
