import { renameSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { tokenAccount } from '../../src/codec/account.ts';
import { encodeRecord } from '../../src/codec/record.ts';
import { encodePart, keysOf, patchOf } from '../../src/codec/secret-layout.ts';
import { type AccountRecord, emptyRecord } from '../../src/core/record.ts';
import { Secret } from '../../src/core/secret.ts';
import { HOUR, SECOND } from '../../src/core/time.ts';
import { fingerprintOf } from '../../src/providers/kind.ts';
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

export interface Opened {
  /** The environment of a daemon that publishes to this file. */
  daemon(name: string, file: string): Promise<Readonly<Record<string, string>>>;
  /** The environment of the bare watch. */
  readonly bare: Readonly<Record<string, string>>;
  /** Makes everything ready for the write of a record, as the daemon that fetches writes it. @returns makes the write */
  prepare(record: AccountRecord): () => void;
}

/** The name of the credential. */
const NAME = 'shop';
const TYPE = 'access-token';
const SUBJECT = { name: NAME, type: TYPE, appId: TEST_APP, kind: 'token' } as const;

/** An account of a platform on loopback is told from WeChat's by its host. */
export const accountOf = (platform: string) => tokenAccount(new URL(platform).host, TYPE, TEST_APP);

/** The record that the daemon that fetches would write with its so-manieth token. */
export function recordOf(account: string, value: string, generation: number): AccountRecord {
  const now = Date.now();
  const record = emptyRecord(account, now);
  const expiresIn = (2 * HOUR) / SECOND;
  const times = { issuedAt: now, expiresIn, expiresAt: now + expiresIn * SECOND };
  return {
    ...record,
    generation,
    token: { value: new Secret(value), ...times, generation },
    ledger: { ...record.ledger, lastFetch: now },
    secrets: [fingerprintOf(account, new Secret(TEST_SECRET))],
  };
}

/** What the daemon is configured with, beside what is shared: it writes the one file that the bare watch writes. */
function configured({ folder, platform }: Place, shared: object): Opened['daemon'] {
  return async (name, file) => {
    const config = join(folder, `${name}.yaml`);
    const secretFile = join(folder, 'app.secret');
    await writeFile(secretFile, TEST_SECRET, { mode: 0o600 });
    const document = {
      platform: { baseUrl: platform },
      ...shared,
      credentials: [
        {
          name: NAME,
          type: TYPE,
          appId: TEST_APP,
          secretFile,
          publish: [{ type: 'file', path: file, details: false }],
        },
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
    await mkdir(state, { mode: 0o700 });
    const name = `${accountOf(place.platform).replaceAll('/', '.').replaceAll(':', '_')}.json`;
    const record = join(state, name);
    return {
      daemon: configured(place, { stateDir: state }),
      bare: { RECORD: record },
      prepare(next) {
        const temporary = join(place.folder, 'record.new');
        writeFileSync(temporary, encodeRecord(next), { mode: 0o600 });
        return () => renameSync(temporary, record);
      },
    };
  },
};

const NAMESPACE = 'shop';
const SECRET = 'wx-token';
const LEASE = 'wx-token-sidecar';
/** How often the Lease of the daemon that fetches is renewed, ms. */
const RENEWAL = 2 * SECOND;

/** What daemons of a cluster share. */
export const inSecret: Medium = {
  name: 'secret',
  bare: 'a GET with watch=1, write, fsync, rename, fsync',
  async open(place, { atEnd }) {
    // In the process of the bench, which has nothing else to do meanwhile.
    const server = await startApiServer();
    atEnd(server.close);
    const [secrets, leases] = [
      `/api/v1/namespaces/${NAMESPACE}/secrets`,
      `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`,
    ];
    const objects = { '/api/v1/namespaces': NAMESPACE, [secrets]: SECRET, [leases]: LEASE };
    for (const [path, name] of Object.entries(objects)) server.direct('POST', path, { metadata: { name } });
    const renew = () =>
      server.direct('PATCH', `${leases}/${LEASE}`, {
        spec: {
          ...{ holderIdentity: 'bench', leaseDurationSeconds: 15 },
          renewTime: new Date().toISOString().replace('Z', '000Z'),
        },
      });
    renew();
    const renewing = setInterval(renew, RENEWAL);
    atEnd(async () => clearInterval(renewing));
    const authorization = `Bearer ${server.adminToken}`;
    const url = `${server.url}${secrets}?watch=1&fieldSelector=metadata.name%3D${SECRET}`;
    const file = join(place.folder, 'kubeconfig');
    const user = { token: server.adminToken };
    await writeFile(file, kubeconfig({ server: server.url, namespace: NAMESPACE, user }));
    const daemon = configured(place, { cluster: { lease: { name: LEASE }, secret: { name: SECRET } } });
    const keys = keysOf(NAME, 'token');
    return {
      daemon: async (name, target) => ({ ...(await daemon(name, target)), KUBECONFIG: file }),
      bare: { URL: url, AUTHORIZATION: authorization, KEY: NAME },
      prepare(next) {
        const patch = patchOf(encodePart(next, SUBJECT), {}, keys);
        return () => void server.direct('PATCH', `${secrets}/${SECRET}`, patch);
      },
    };
  },
};

const PREFIX = 'wx-token-sidecar:';

const redis: Medium = {
  name: 'redis',
  bare: 'SUBSCRIBE, GET, write, fsync, rename, fsync',
  async open(place, surroundings) {
    const account = accountOf(place.platform);
    const server = await startRedis(surroundings);
    if (!server) return { missing: missing('redis-server') };
    const { socket } = server;
    const key = `${PREFIX}{${account}}:record`;
    const channel = `${PREFIX}changes`;
    const writer = connect(socket).resume();
    surroundings.atEnd(async () => void writer.destroy());
    return {
      daemon: configured(place, {
        redis: [{ name: 'cache', url: `unix:${socket}` }],
        state: { redis: { connection: 'cache', prefix: PREFIX } },
      }),
      bare: { SOCKET: socket, RECORD: key, CHANNEL: channel },
      prepare(next) {
        const commands = [
          ['MULTI'],
          ['SET', key, encodeRecord(next).trimEnd()],
          ['PUBLISH', channel, `bench ${account}`],
          ['EXEC'],
        ];
        const text = commands.map(commandOf).join('');
        return () => void writer.write(text);
      },
    };
  },
};

/** A command in the protocol of Redis (RESP). */
function commandOf(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

/** In the order of the table. */
export const MEDIA: readonly Medium[] = [stateFolder, inSecret, redis];
