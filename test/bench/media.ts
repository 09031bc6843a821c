import { readFileSync, watch } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';
import { startApiServer } from '../support/kubernetes/api-server.ts';
import { kubeconfig } from '../support/kubernetes/kubeconfig.ts';
import { missing } from '../support/tools.ts';
import { TEST_APP, TEST_SECRET } from './account.ts';
import { startRedis } from './redis-server.ts';
import type { Surroundings } from './row.ts';

/** What daemons share with each other. */
export interface Medium {
  /** As `bare-watch.mjs` knows it. */
  readonly name: string;
  /** What a bare watch of it does. */
  readonly bare: string;
  open(place: Place, surroundings: Surroundings): Promise<Opened | { readonly missing: string }>;
}

export interface Place {
  /** For configurations and for what is shared. */
  readonly folder: string;
  /** The URL of the platform. */
  readonly platform: string;
}

/** A write, and when the bench saw it, in ms. */
export interface Write {
  readonly at: number;
  readonly text: string;
}

export interface Opened {
  /** The environment of a daemon that publishes to this file. */
  daemon(name: string, file: string): Promise<Readonly<Record<string, string>>>;
  /** The environment of the bare watch. */
  readonly bare: Readonly<Record<string, string>>;
  /** Sees all writes from now on: they are added to what it returns. */
  writes(surroundings: Surroundings): Promise<Write[]>;
  /** How a token stands in a write. */
  written(token: string): string;
}

/** The name of the credential. */
const NAME = 'shop';
const TYPE = 'access-token';

/** An account of a platform on loopback is told from WeChat's by its host. */
const accountOf = (platform: string) => `${new URL(platform).host}/${TYPE}/${TEST_APP}`;

/** What the daemons are configured with, beside what they share. */
function configured({ folder, platform }: Place, shared: object): Opened['daemon'] {
  return async (name, file) => {
    const config = join(folder, `${name}.yaml`);
    const secretFile = join(folder, 'app.secret');
    await writeFile(secretFile, TEST_SECRET, { mode: 0o600 });
    const document = {
      platform: { baseUrl: platform },
      ...shared,
      credentials: [
        { name: NAME, type: TYPE, appId: TEST_APP, secretFile, publish: [{ type: 'file', path: file }] },
      ],
    };
    await writeFile(config, stringify(document));
    return { WXTOKEN_CONFIG: config };
  };
}

const stateFolder: Medium = {
  name: 'folder',
  bare: 'fs.watch, read, write, fsync, rename, fsync',
  async open(place) {
    const state = join(place.folder, 'state');
    await mkdir(state);
    const name = `${accountOf(place.platform).replaceAll('/', '.').replaceAll(':', '_')}.json`;
    const record = join(state, name);
    return {
      daemon: configured(place, { stateDir: state }),
      bare: { RECORD: record },
      async writes({ atEnd }) {
        const seen: Write[] = [];
        const watcher = watch(state, (_, changed) => {
          if (changed === name) seen.push({ at: performance.now(), text: readFileSync(record, 'utf8') });
        });
        atEnd(async () => watcher.close());
        return seen;
      },
      written: (token) => token,
    };
  },
};

const NAMESPACE = 'shop';
const SECRET = 'wx-token';
const LEASE = 'wx-token-sidecar';

const secret: Medium = {
  name: 'secret',
  bare: 'a GET with watch=1, write, fsync, rename, fsync',
  async open(place, { atEnd }) {
    // In the process of the bench, which has nothing else to do meanwhile.
    const server = await startApiServer();
    atEnd(server.close);
    const objects = {
      '/api/v1/namespaces': NAMESPACE,
      [`/api/v1/namespaces/${NAMESPACE}/secrets`]: SECRET,
      [`/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`]: LEASE,
    };
    for (const [path, name] of Object.entries(objects)) server.direct('POST', path, { metadata: { name } });
    const authorization = `Bearer ${server.adminToken}`;
    const query = `watch=1&fieldSelector=metadata.name%3D${SECRET}`;
    const url = `${server.url}/api/v1/namespaces/${NAMESPACE}/secrets?${query}`;
    const file = join(place.folder, 'kubeconfig');
    const user = { token: server.adminToken };
    await writeFile(file, kubeconfig({ server: server.url, namespace: NAMESPACE, user }));
    const daemon = configured(place, { cluster: { lease: { name: LEASE }, secret: { name: SECRET } } });
    return {
      daemon: async (name, target) => ({ ...(await daemon(name, target)), KUBECONFIG: file }),
      bare: { URL: url, AUTHORIZATION: authorization, KEY: NAME },
      async writes() {
        const seen: Write[] = [];
        const request = get(url, { headers: { authorization } }, (answer) => {
          const lines = createInterface({ input: answer });
          lines.on('line', (text) => seen.push({ at: performance.now(), text }));
          // The end that is registered below.
          lines.on('error', () => {});
        });
        atEnd(async () => void request.destroy());
        return seen;
      },
      written: (token) => Buffer.from(token).toString('base64'),
    };
  },
};

const PREFIX = 'wx-token-sidecar:';

const redis: Medium = {
  name: 'redis',
  bare: 'SUBSCRIBE, GET, write, fsync, rename, fsync',
  async open(place, surroundings) {
    const { platform } = place;
    const { atEnd } = surroundings;
    const server = await startRedis(surroundings);
    if (!server) return { missing: missing('redis-server') };
    const { socket } = server;
    return {
      daemon: configured(place, {
        redis: [{ name: 'cache', url: `unix:${socket}` }],
        state: { redis: { connection: 'cache', prefix: PREFIX } },
      }),
      bare: {
        SOCKET: socket,
        RECORD: `${PREFIX}{${accountOf(platform)}}:record`,
        CHANNEL: `${PREFIX}changes`,
      },
      async writes() {
        const seen: Write[] = [];
        const monitor = connect(socket);
        const answered = new Promise<void>((resolve) => {
          createInterface({ input: monitor }).on('line', (text) => {
            resolve();
            // `+SECONDS [0 lua] "SET" …`, by the server's clock, which is this machine's.
            const [, seconds, write] = /^\+([\d.]+) \[[^\]]*\] ("SET" .*)$/.exec(text) ?? [];
            if (write) seen.push({ at: Number(seconds) * 1000 - performance.timeOrigin, text: write });
          });
        });
        monitor.write('MONITOR\r\n');
        atEnd(async () => void monitor.destroy());
        await answered;
        return seen;
      },
      written: (token) => token,
    };
  },
};

/** In the order of the table. */
export const MEDIA: readonly Medium[] = [stateFolder, secret, redis];
