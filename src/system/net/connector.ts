import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { buildConnector } from 'undici';
import { en, type Text, zh } from '../../core/text.ts';
import { SECOND } from '../../core/time.ts';
import { type Attempt, attemptsText, type Connected, connectToFirst, inOrder } from './happy-eyeballs.ts';

export interface ConnectorOptions {
  /** TLS settings of connections to https; certificates and keys as PEM text. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername'>;
  /** Time limit (ms) of a connection with its TLS handshake; absent: none until {@link Connector.close}. */
  readonly timeout?: number;
  /** Where present, IPv4 goes first, by this time (ms); see `headStartWithin`. Absent: the families take turns. */
  readonly ipv4HeadStart?: number;
  /** TCP keep-alive delay in ms. */
  readonly keepAliveDelay?: number;
}

/** Makes connections for undici, by Happy Eyeballs (RFC 8305). */
export interface Connector {
  readonly connect: buildConnector.connector;
  /**
   * Says what was tried for the last connection: addresses, their family and how each attempt ended. Undefined when
   * none has been asked for, or its name could not be resolved.
   */
  tried(): Text | undefined;
  /** Breaks all connections; the callbacks of those that are being made get an `AbortError`. */
  close(): void;
}

/**
 * For whatever uses a connector: undici's own time limits are off. Whoever calls has one for the whole call, and for as long as an
 * answer is under way undici's wake the process up twice a second.
 */
export const UNTIMED = { headersTimeout: 0, bodyTimeout: 0 };

/** undici's own. */
const KEEP_ALIVE_DELAY = 60 * SECOND;

/** It takes 2 ms to load, before the first token: that goes beside the question to the name server. */
const nodeTls = () => process.getBuiltinModule('node:tls');

/** Creates a connector; the owner closes it. */
export function createConnector({
  tls,
  timeout,
  ipv4HeadStart,
  keepAliveDelay = KEEP_ALIVE_DELAY,
}: ConnectorOptions): Connector {
  const ending = new Set<AbortController>();
  const open = new Set<Socket>();
  let isClosed = false;
  let tried: () => Text | undefined = () => undefined;

  function start(): { readonly signal: AbortSignal; readonly end: () => void } {
    const controller = new AbortController();
    ending.add(controller);
    const timer = timeout === undefined ? undefined : setTimeout(() => controller.abort(tooLate()), timeout);
    const end = () => {
      clearTimeout(timer);
      ending.delete(controller);
    };
    return { signal: controller.signal, end };
  }

  /** @param done is called once */
  function make(options: buildConnector.Options, signal: AbortSignal, done: Connected): void {
    const { hostname, protocol } = options;
    const port = Number(options.port) || (protocol === 'https:' ? 443 : 80);
    const attempts = new Map<string, Attempt>();
    tried = () => ({
      en: `the name ${hostname} was still being resolved`,
      zh: `域名 ${hostname} 还在解析`,
    });

    function resolved(found: readonly LookupAddress[]): void {
      tried = () => {
        const all = attemptsText([...attempts.values()]);
        return { en: en`tried ${all}`, zh: zh`已尝试 ${all}` };
      };
      const note = (attempt: Attempt) => {
        attempts.set(attempt.address, attempt);
      };
      connectToFirst(inOrder(found, ipv4HeadStart), port, signal, note, (error, socket) => {
        if (error) return done(error, null);
        open.add(socket.setNoDelay(true).setKeepAlive(true, keepAliveDelay));
        socket.once('close', () => open.delete(socket));
        if (protocol !== 'https:') return done(null, socket);
        const servername = options.servername || tls?.servername || hostname;
        secure(socket, { ...tls, servername, host: hostname, port }, signal, done);
      });
    }

    // A resolver that is asked cannot be stopped.
    const abort = () => done(signal.reason, null);
    signal.addEventListener('abort', abort, { once: true });
    const order = ipv4HeadStart === undefined ? {} : ({ order: 'ipv4first' } as const);
    lookup(hostname, { all: true, ...order }, (error, found) => {
      if (signal.aborted) return;
      signal.removeEventListener('abort', abort);
      if (!error) return resolved(found);
      tried = () => undefined;
      done(error, null);
    });
    if (protocol === 'https:') nodeTls();
  }

  return {
    connect(options, done) {
      if (isClosed) return queueMicrotask(() => done(givenUp(), null));
      const { signal, end } = start();
      make(options, signal, (...outcome) => {
        end();
        done(...outcome);
      });
    },
    tried: () => tried(),
    close() {
      isClosed = true;
      for (const controller of ending) controller.abort(givenUp());
      // undici forgets the connection to a proxy once it is a tunnel.
      for (const socket of open) socket.destroy();
    },
  };
}

/** Makes a TLS handshake on a connection, which is destroyed when that fails. */
function secure(
  socket: Socket,
  { servername = '', ...options }: ConnectionOptions,
  signal: AbortSignal,
  done: Connected,
): void {
  // TLS allows no IP address as server name; without one the certificate is verified against the address.
  const named = isIP(servername.replace(/^\[|\]$/g, '')) === 0 ? servername : '';
  const secured = nodeTls().connect({ ...options, servername: named, socket, ALPNProtocols: ['http/1.1'] });
  const abort = () => secured.destroy(signal.reason);
  const settle = () => {
    signal.removeEventListener('abort', abort);
    secured.off('error', failed).off('close', closed);
  };
  const failed = (error: Error) => {
    settle();
    // Later errors of the broken connection concern nobody.
    secured.on('error', () => {}).destroy();
    socket.destroy();
    done(error, null);
  };
  const closed = () => failed(Object.assign(new Error('closed in the handshake'), { code: 'ECONNRESET' }));
  secured
    .once('error', failed)
    .once('close', closed)
    .once('secureConnect', () => {
      settle();
      done(null, secured);
    });
  signal.addEventListener('abort', abort, { once: true });
}

function tooLate(): Error {
  return Object.assign(new Error('no connection came about in time'), { code: 'UND_ERR_CONNECT_TIMEOUT' });
}

function givenUp(): Error {
  return new DOMException('the connection is not wanted any more', 'AbortError');
}
