import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'undici';
import type { AtEnd } from './program.ts';
import { isMissing, missing } from './tools.ts';

export interface Look {
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
  /** Where the reader is, like `Asia/Shanghai`. */
  readonly zone?: string;
  /** Without it scripts run. */
  readonly script?: false;
}

/** What a browser made of a page. */
export interface Visit {
  /** Every address that was asked for. */
  readonly requests: readonly string[];
  /** What the browser complained of, and what the page said on its console. */
  readonly complaints: readonly string[];
  /** The value of an expression, as JSON. */
  readonly evaluate: <T>(expression: string) => Promise<T>;
  /** Presses and releases a key without a modifier, like `Tab` or `/`. */
  readonly press: (key: string) => Promise<void>;
  /** Types a text into what has the focus. */
  readonly type: (text: string) => Promise<void>;
  /** Cuts the network off, or connects it again. */
  readonly cutOff: (offline: boolean) => Promise<void>;
  /** The whole page, as PNG. */
  readonly screenshot: () => Promise<Buffer>;
}

export interface Browser {
  visit(url: string, look: Look): Promise<Visit>;
}

type Message = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
};

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--hide-scrollbars',
  '--no-first-run',
  '--disable-background-networking',
  '--remote-debugging-port=0',
];

/** Starts Chromium, which ends with the test. @returns why there is none */
export async function openBrowser(atEnd: AtEnd, binary = 'chromium'): Promise<Browser | string> {
  const profile = await mkdtemp(join(tmpdir(), 'wx-'));
  const child = spawn(binary, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  atEnd(async () => {
    await ended(child);
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  const started = await Promise.race([addressOf(child), failureOf(child)]);
  if (isMissing(started)) return missing('chromium');
  if (started instanceof Error) return `${binary} cannot be started (${started.message})`;
  const send = await connected(started, atEnd);
  return { visit: (url, look) => visit(send, url, look) };
}

async function addressOf({ stderr }: ChildProcess): Promise<string> {
  if (!stderr) throw new TypeError('its words are not read');
  for await (const line of createInterface({ input: stderr })) {
    const [, address] = /^DevTools listening on (ws:\S+)$/.exec(line) ?? [];
    if (address) {
      stderr.resume();
      return address;
    }
  }
  return new Promise(() => {});
}

function failureOf(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => {
    child.once('error', resolve);
    child.once('exit', (code) => resolve(new Error(`it ended with ${code}`)));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

interface Wire {
  call(method: string, params?: object, sessionId?: string): Promise<Record<string, unknown>>;
  /** Told of everything that happens. */
  listen(listener: (message: Message) => void): () => void;
}

async function connected(address: string, atEnd: AtEnd): Promise<Wire> {
  const socket = new WebSocket(address);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new Error(`no connection to ${address}`)), { once: true });
  });
  atEnd(async () => socket.close());
  const listeners = new Set<(message: Message) => void>();
  socket.addEventListener('message', ({ data }) => {
    const message: Message = JSON.parse(String(data));
    for (const listener of listeners) listener(message);
  });
  let last = 0;
  const listen = (listener: (message: Message) => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    listen,
    call: (method, params = {}, sessionId = undefined) =>
      new Promise((resolve, reject) => {
        last += 1;
        const id = last;
        const forget = listen((message) => {
          if (message.id !== id) return;
          forget();
          if (message.error) reject(new Error(`${method}: ${message.error.message}`));
          else resolve(message.result ?? {});
        });
        socket.send(JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) }));
      }),
  };
}

/** What a keyboard sends; DevTools derives neither from the other. */
const KEYS: Readonly<Record<string, { readonly windowsVirtualKeyCode: number; readonly text?: string }>> = {
  Tab: { windowsVirtualKeyCode: 9 },
  Enter: { windowsVirtualKeyCode: 13, text: '\r' },
  Escape: { windowsVirtualKeyCode: 27 },
  '/': { windowsVirtualKeyCode: 191, text: '/' },
};

async function visit({ call, listen }: Wire, url: string, look: Look): Promise<Visit> {
  const { width, height, scheme, zone, script = true } = look;
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  const session = (method: string, params?: object) => call(method, params, String(sessionId));
  const requests: string[] = [];
  const complaints: string[] = [];
  const loaded = new Promise<void>((resolve) => {
    listen(({ method, params = {} }) => {
      if (method === 'Page.loadEventFired') resolve();
      if (method === 'Network.requestWillBeSent') requests.push(textOf(params, 'request', 'url'));
      if (method === 'Log.entryAdded') complaints.push(textOf(params, 'entry', 'text'));
      if (method === 'Runtime.consoleAPICalled') complaints.push(JSON.stringify(params['args']));
      if (method === 'Runtime.exceptionThrown') complaints.push(JSON.stringify(params));
    });
  });
  for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await session(`${domain}.enable`);
  const metrics = { width, height, deviceScaleFactor: 1, mobile: width < 600 };
  await session('Emulation.setDeviceMetricsOverride', metrics);
  await session('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: scheme }],
  });
  if (zone !== undefined) await session('Emulation.setTimezoneOverride', { timezoneId: zone });
  await session('Emulation.setScriptExecutionDisabled', { value: !script });
  await session('Page.navigate', { url });
  await loaded;
  return {
    requests,
    complaints,
    async evaluate(expression) {
      const { result } = await session('Runtime.evaluate', { expression, returnByValue: true });
      return (result as { value: never }).value;
    },
    async press(key) {
      const pressed = { key, ...KEYS[key] };
      await session('Input.dispatchKeyEvent', { type: 'keyDown', ...pressed });
      await session('Input.dispatchKeyEvent', { type: 'keyUp', ...pressed });
    },
    async type(text) {
      await session('Input.insertText', { text });
    },
    async cutOff(offline) {
      const unlimited = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
      await session('Network.emulateNetworkConditions', { offline, ...unlimited });
    },
    async screenshot() {
      const { data } = await session('Page.captureScreenshot', {
        format: 'png',
        captureBeyondViewport: true,
      });
      return Buffer.from(String(data), 'base64');
    },
  };
}

function textOf(params: Record<string, unknown>, of: string, key: string): string {
  const found = params[of];
  return typeof found === 'object' && found !== null ? String(Reflect.get(found, key)) : '';
}
