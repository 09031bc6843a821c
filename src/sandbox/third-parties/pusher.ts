import { HOUR, SECOND } from '../../core/time.ts';
import type { SandboxClock } from '../clock.ts';
import type { World } from '../world.ts';
import { issueComponentTicket } from './component-administration.ts';
import { encryptCallback, paddingOf, signCallback } from './encryption.ts';
import { type Notice, noticeText, type Receiver, receiverKey } from './notice.ts';
import type { Delivery, PushReceiver } from './receiver.ts';
import { issueSuiteTicket } from './suite-administration.ts';

/** Sends what the platform pushes. */
export interface Pusher {
  /** Registers where the pushes of a component or suite go; the first ticket is sent at once. */
  readonly register: (receiver: Receiver, to: PushReceiver) => void;
  readonly unregister: (receiver: Receiver) => void;
  /** What was sent to a receiver, oldest first. */
  readonly deliveries: (receiver: Receiver) => readonly Delivery[];
  /** Checks the URL of a suite, as WeCom's console does when it is saved. @returns its answer */
  readonly check: (receiver: Receiver, echo: string) => Promise<{ status: number | null; answer: string }>;
  /** Sends what is due: call it whenever the clock or the world may have changed. */
  readonly wake: () => void;
  readonly close: () => void;
}

/** The platform gives up after this time. */
const PATIENCE = 5 * SECOND;

const KEPT_DELIVERIES = 500;

/** Longest of a timer: the clock may be moved meanwhile, which wakes the pusher anyway. */
const LONGEST_WAIT = HOUR;

/**
 * Creates the pusher of a sandbox.
 * @param random in [0, 1)
 */
export function createPusher(world: World, clock: SandboxClock, random: () => number): Pusher {
  const { receivers } = world.thirdParties;
  /** When the next ticket of a receiver is due, epoch ms on the sandbox's clock. */
  const due = new Map<string, { readonly receiver: Receiver; readonly at: number }>();
  const sent = new Map<string, Delivery[]>();
  /** Pushes to one receiver follow each other. */
  const queues = new Map<string, Promise<void>>();
  const over = new AbortController();
  /** Each message gets another padding than the one before: all of 1 to 32 in turn. */
  let pads = 0;
  let timer: NodeJS.Timeout | undefined;

  function wake(): void {
    if (over.signal.aborted) return;
    const now = clock.now();
    for (const [key, { receiver, at }] of due) {
      const to = receivers.get(key);
      if (!to || now < at) continue;
      if (isPushing(world, receiver)) issueTicket(world, receiver, now);
      const gap = to.isIrregular ? to.every * (0.5 + random()) : to.every;
      due.set(key, { receiver, at: now + gap });
    }
    for (const notice of world.notices.splice(0)) enqueue(notice);
    arm();
  }

  function arm(): void {
    clearTimeout(timer);
    const next = Math.min(...[...due.values()].map(({ at }) => at));
    if (next === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(wake, Math.min(Math.max(1, next - clock.now()), LONGEST_WAIT));
  }

  function enqueue(notice: Notice): void {
    const key = receiverKey(notice.receiver);
    const before = queues.get(key) ?? Promise.resolve();
    queues.set(
      key,
      before.then(() => push(notice, key)),
    );
  }

  async function push(notice: Notice, key: string): Promise<void> {
    const to = receivers.get(key);
    if (!to) return;
    const { encodingAesKey, rest } = keyFor(to);
    receivers.set(key, rest);
    pads = (pads % 32) + 1;
    const { id } = notice.receiver;
    const text = padded(noticeText(notice), id, pads);
    const sealed = seal(world, clock, notice.receiver, text, { ...to, encodingAesKey });
    for (let times = 0; times <= to.duplicates; times += 1) {
      const outcome = await send(`${sealed.url}`, { method: 'POST', body: sealed.body });
      record(key, { at: clock.now(), infoType: notice.infoType, pad: paddingOf(text, id), ...outcome });
    }
  }

  async function send(url: string, init: RequestInit): Promise<{ status: number | null; answer: string }> {
    try {
      const response = await fetch(url, {
        ...init,
        headers: { 'content-type': 'text/xml' },
        // The platform follows no redirect.
        redirect: 'manual',
        signal: AbortSignal.any([over.signal, AbortSignal.timeout(PATIENCE)]),
      });
      return { status: response.status, answer: (await response.text()).slice(0, 200) };
    } catch (error) {
      const { name, cause } = error as Error & { cause?: { code?: string } };
      return { status: null, answer: cause?.code ?? name };
    }
  }

  function record(key: string, delivery: Delivery): void {
    const deliveries = sent.get(key) ?? [];
    deliveries.push(delivery);
    sent.set(key, deliveries.slice(-KEPT_DELIVERIES));
  }

  return {
    wake,
    register(receiver, to) {
      const key = receiverKey(receiver);
      receivers.set(key, to);
      due.set(key, { receiver, at: clock.now() });
      wake();
    },
    unregister(receiver) {
      receivers.delete(receiverKey(receiver));
      due.delete(receiverKey(receiver));
      arm();
    },
    deliveries: (receiver) => sent.get(receiverKey(receiver)) ?? [],
    async check(receiver, echo) {
      const to = receivers.get(receiverKey(receiver));
      const suite = world.thirdParties.suites.get(receiver.id);
      if (!to || !suite) return { status: null, answer: 'no receiver' };
      // The check is encrypted for the provider, unlike the pushes.
      const asked = seal(world, clock, { kind: 'suite', id: suite.provider }, echo, to);
      const url = new URL(asked.url);
      url.searchParams.set('echostr', asked.encrypted);
      return await send(url.href, { method: 'GET' });
    },
    close() {
      over.abort();
      clearTimeout(timer);
    },
  };
}

function isPushing({ thirdParties }: World, { kind, id }: Receiver): boolean {
  const known = kind === 'component' ? thirdParties.components.get(id) : thirdParties.suites.get(id);
  return known?.isPushing === true;
}

function issueTicket(world: World, { kind, id }: Receiver, now: number): void {
  if (kind === 'component') issueComponentTicket(world, id, now);
  else issueSuiteTicket(world, id, now);
}

/** The key of the next push, and the receiver after it. */
function keyFor(to: PushReceiver): { readonly encodingAesKey: string; readonly rest: PushReceiver } {
  const { previous } = to;
  if (!previous || previous.pushes === 0) return { encodingAesKey: to.encodingAesKey, rest: to };
  const rest = { ...to, previous: { ...previous, pushes: previous.pushes - 1 } };
  return { encodingAesKey: previous.encodingAesKey, rest };
}

/** The message with blanks before its end, so that its padding is of `pad` bytes. */
function padded(text: string, receiver: string, pad: number): string {
  const blanks = (paddingOf(text, receiver) - pad + 32) % 32;
  return text.replace(/<\/xml>$/, `${' '.repeat(blanks)}</xml>`);
}

function seal(
  { mint }: World,
  clock: SandboxClock,
  { kind, id }: Receiver,
  text: string,
  { url, token, encodingAesKey }: PushReceiver,
): { readonly url: string; readonly body: string; readonly encrypted: string } {
  const encrypted = encryptCallback(text, id, encodingAesKey, mint.salt());
  const timestamp = String(Math.floor(clock.now() / SECOND));
  const nonce = mint.nonce();
  const to = new URL(url);
  if (kind === 'component') {
    to.searchParams.set('signature', signCallback(token, timestamp, nonce));
    to.searchParams.set('encrypt_type', 'aes');
  }
  to.searchParams.set('timestamp', timestamp);
  to.searchParams.set('nonce', nonce);
  to.searchParams.set('msg_signature', signCallback(token, timestamp, nonce, encrypted));
  const named =
    kind === 'component'
      ? `<AppId><![CDATA[${id}]]></AppId>`
      : `<ToUserName><![CDATA[${id}]]></ToUserName>\n<AgentID/>`;
  return {
    url: to.href,
    encrypted,
    body: `<xml>\n${named}\n<Encrypt><![CDATA[${encrypted}]]></Encrypt>\n</xml>`,
  };
}
