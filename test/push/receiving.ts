import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { onTestFinished } from 'vitest';
import type { PushReport } from '../../src/core/events/push.ts';
import { Secret } from '../../src/core/secret.ts';
import type { Channel, PushEvent } from '../../src/push/channel.ts';
import { startPushServer } from '../../src/push/push-server.ts';
import { encryptCallback, signCallback } from '../../src/sandbox/third-parties/encryption.ts';
import { noticeText } from '../../src/sandbox/third-parties/notice.ts';

export const NOON = Date.parse('2024-05-01T12:00:00+08:00');

export const COMPONENT = 'wx0000000000000000';
export const SUITE = 'ww1111111111111111';
export const PROVIDER = 'ww0000000000000001';
export const TOKEN = 'callback-token';
export const KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
export const OLD_KEY = 'GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba';

export interface Kept {
  readonly value: string;
  readonly createdAt: number;
  readonly receivedAt: number;
}

/** A running receiver, and everything that came of its pushes. */
export interface Receiving {
  readonly url: string;
  readonly port: number;
  readonly kept: Kept[];
  readonly reports: PushReport[];
  readonly events: PushEvent[];
  /** Verdicts of all pushes, oldest first. */
  readonly verdicts: () => string[];
}

export interface ReceivingOptions {
  /** Epoch ms. */
  readonly now?: () => number;
  /** Changes of the component's channel and of the suite's. */
  readonly component?: Partial<Channel>;
  readonly suite?: Partial<Channel>;
  /** What keeping a ticket comes to. */
  readonly put?: () => Promise<'kept' | 'older'>;
  readonly patience?: number;
  readonly forwardPatience?: number;
}

/** Starts a receiver of a component at /wx/platform and a suite at /wx/suite. */
export async function receiving(options: ReceivingOptions = {}): Promise<Receiving> {
  const { now = () => NOON, put, patience, forwardPatience } = options;
  const kept: Kept[] = [];
  const reports: PushReport[] = [];
  const events: PushEvent[] = [];
  const base = {
    keys: async () => ({
      token: new Secret(TOKEN),
      encodingAesKey: new Secret(KEY),
      previousEncodingAesKey: new Secret(OLD_KEY),
    }),
    tickets: {
      async put(ticket: { value: Secret; createdAt: number; receivedAt: number }) {
        const outcome = (await put?.()) ?? 'kept';
        if (outcome === 'kept') kept.push({ ...ticket, value: ticket.value.reveal() });
        return outcome;
      },
    },
    event: (event: PushEvent) => void events.push(event),
  };
  const channels: Channel[] = [
    {
      ...base,
      credential: 'platform',
      recipient: { dialect: 'open-platform', id: COMPONENT },
      path: '/wx/platform',
      ...options.component,
    },
    {
      ...base,
      credential: 'suite',
      recipient: { dialect: 'work-weixin', id: SUITE, corpId: PROVIDER },
      path: '/wx/suite',
      ...options.suite,
    },
  ];
  const server = await startPushServer({
    listen: { host: '127.0.0.1', port: 0 },
    clock: { now: () => ({ wall: now(), monotonic: now() }) },
    channels: () => channels,
    report: (report) => void reports.push(report),
    failed: (error) => {
      throw error;
    },
    ...(patience !== undefined && { patience }),
    ...(forwardPatience !== undefined && { forwardPatience }),
  });
  onTestFinished(server.close);
  const port = Number(server.address.split(':').at(-1));
  const url = `http://${server.address}`;
  return { url, port, kept, reports, events, verdicts: () => reports.map(({ verdict }) => verdict) };
}

export interface Sealing {
  readonly id?: string;
  /** Whom it is encrypted for; default: the id. */
  readonly receiver?: string;
  readonly token?: string;
  readonly key?: string;
  readonly nonce?: string;
}

export interface Sealed {
  readonly query: string;
  readonly body: string;
}

/** Encrypts and signs a message as the platform does. */
export function seal(kind: 'component' | 'suite', message: string, sealing: Sealing = {}): Sealed {
  const { id = kind === 'component' ? COMPONENT : SUITE, token = TOKEN, key = KEY, nonce = '42' } = sealing;
  const encrypted = encryptCallback(message, sealing.receiver ?? id, key, Buffer.alloc(16, 'r'));
  const timestamp = '1714536000';
  const query = new URLSearchParams({
    timestamp,
    nonce,
    msg_signature: signCallback(token, timestamp, nonce, encrypted),
  });
  const to =
    kind === 'component'
      ? `<AppId><![CDATA[${id}]]></AppId>`
      : `<ToUserName><![CDATA[${id}]]></ToUserName><AgentID/>`;
  return {
    query: query.toString(),
    body: `<xml>${to}<Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`,
  };
}

/** The message of a ticket. */
export function ticketMessage(kind: 'component' | 'suite', ticket: string, at = NOON, id?: string): string {
  return noticeText({
    receiver: { kind, id: id ?? (kind === 'component' ? COMPONENT : SUITE) },
    infoType: kind === 'component' ? 'component_verify_ticket' : 'suite_ticket',
    at,
    fields: [[kind === 'component' ? 'ComponentVerifyTicket' : 'SuiteTicket', ticket]],
  });
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Posts a push. */
export async function post(url: string, { query, body }: Sealed): Promise<Answer> {
  const response = await fetch(`${url}?${query}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'text/xml' },
  });
  return { status: response.status, text: await response.text() };
}

/** A port on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
