import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Asked, answer, type Mood, webhookFor } from './api.ts';
import type { Callers } from './callers.ts';
import type { Fault, Faults } from './faults.ts';
import type { Standstill } from './standstill.ts';
import { GAVE_UP, Refusal, type Refused } from './status.ts';
import type { Store } from './store.ts';
import type { Watches } from './watches.ts';
import { verdictOf } from './webhook.ts';

/** One request, as it was answered. */
export interface Heard {
  /** Who asked; empty where nobody knows. */
  readonly user: string;
  /** `WATCH` for a watch that was opened. */
  readonly method: string;
  /** With the query. */
  readonly target: string;
  /** 0 where the client hung up while a webhook was asked. */
  readonly status: number;
}

export interface Serving {
  readonly store: Store;
  readonly callers: Callers;
  readonly faults: Faults;
  readonly mood: Mood;
  readonly heard: Heard[];
  readonly watches: Watches;
  readonly server: Standstill;
  readonly etcd: Standstill;
}

/** Answers requests, or lets befall them what was ordered. */
export function serving({ store, callers, faults, mood, heard, watches, server, etcd }: Serving) {
  function serve(request: IncomingMessage, response: ServerResponse): void {
    void text(request).then(
      (body) => server.whenMoving(() => meet(request, response, body, faults.take(request.method ?? ''))),
      () => {},
    );
  }

  function meet(
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
    fault: Fault | undefined,
  ): void {
    // Given up before it was read.
    if (response.destroyed) return;
    answering(request, response, () => {
      const { method = '', headers, url = '' } = request;
      const contentType = headers['content-type'] ?? '';
      // Who asks is known before the store is.
      const caller = callers.of(request);
      const asked = { caller, method, contentType, url: new URL(`http://server${url}`), body };
      const handle = () =>
        etcd.whenMoving(() => answering(request, response, () => obey(request, response, asked, fault)));
      if (fault?.kind === 'cut') response.destroy();
      else if (fault?.kind === 'give-up') say(request, response, GAVE_UP);
      else if (fault?.kind === 'answer') response.writeHead(fault.status, fault.headers).end(fault.body);
      else if (fault?.kind === 'delay') setTimeout(handle, fault.ms);
      else handle();
    });
  }

  function obey(
    request: IncomingMessage,
    response: ServerResponse,
    asked: Asked,
    fault: Fault | undefined,
  ): void {
    if (fault?.kind === 'before') fault.work();
    const webhook = webhookFor(asked, store, callers, mood);
    if (!webhook) {
      finish(request, response, asked, fault);
      return;
    }
    const { after, refusal } = verdictOf(webhook);
    const go = () =>
      answering(request, response, () => {
        if (refusal) throw refusal;
        finish(request, response, asked, fault);
      });
    // A client that hangs up takes its request with it: the call to the webhook ends, and nothing is stored.
    const timer = setTimeout(go, after);
    response.once('close', () => {
      clearTimeout(timer);
      if (response.writableEnded) return;
      const { method = '', url: target = '' } = request;
      heard.push({ user: asked.caller.user, method, target, status: 0 });
    });
  }

  function finish(
    request: IncomingMessage,
    response: ServerResponse,
    asked: Asked,
    fault: Fault | undefined,
  ): void {
    const result = answer(asked, store, callers, mood);
    if (fault?.kind === 'lose-answer') return;
    if (fault?.kind === 'cut-answer') return void response.destroy();
    if ('watch' in result) {
      heard.push({ user: asked.caller.user, method: 'WATCH', target: request.url ?? '', status: 200 });
      watches.start(result.watch, asked.url.searchParams, response);
    } else say(request, response, { status: result.status, body: result.thing });
  }

  function answering(request: IncomingMessage, response: ServerResponse, work: () => void): void {
    try {
      work();
    } catch (error) {
      // A mistake of the imitation is not to pass for an answer of a server.
      if (!(error instanceof Refusal)) process.emitWarning(error instanceof Error ? error : String(error));
      const unexpected = { status: 500, body: { message: String(error) } };
      say(request, response, error instanceof Refusal ? error.refused : unexpected);
    }
  }

  function say(
    request: IncomingMessage,
    response: ServerResponse,
    { status, body, contentType = 'application/json' }: Refused,
  ): void {
    const { method = '', url: target = '' } = request;
    heard.push({ user: callers.nameOf(request), method, target, status });
    response.writeHead(status, { 'content-type': contentType }).end(`${JSON.stringify(body)}\n`);
  }

  return serve;
}
