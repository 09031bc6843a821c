import { EdgeError, PASSING } from '../../src/core/failure.ts';
import type { AccountStore, Clock, Publisher, Unit } from '../../src/core/ports.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { Secret } from '../../src/core/secret.ts';
import { bound, createPlatform, kindOf, ticketOf } from '../../src/providers/index.ts';
import type { Transport } from '../../src/providers/transport.ts';
import { transportFailure } from '../../src/providers/transport-failure.ts';
import { createPlatform as createSandbox } from '../../src/sandbox/platform.ts';
import { BUDGET } from '../simulate/simulate.ts';
import { type CredentialType, policyFor, type TicketType } from '../support/kinds.ts';

/** What is wrong: the platform is away, it refuses this machine's address, nothing can be written, a daemon stands still. */
export type Fault = 'down' | 'refused' | 'disk full' | 'standstill' | undefined;

interface Credential {
  readonly name: string;
  readonly type: CredentialType;
  readonly appId: string;
  readonly ticket?: TicketType;
}

/** One of each type, with the tickets of both families. */
const CREDENTIALS: readonly Credential[] = [
  { name: 'shop', type: 'stable-token', appId: 'wx0000000000000001', ticket: 'jsapi' },
  { name: 'classic', type: 'access-token', appId: 'wx0000000000000002' },
  { name: 'corp', type: 'wecom', appId: 'ww0000000000000003', ticket: 'corp_jsapi' },
];
const SECRET = '0'.repeat(32);
const HOST = 'https://api.weixin.qq.com';

/** @returns the units of one more daemon: all of them share state and platform, each has files of its own */
export function createAccounts(
  clock: Clock,
  random: () => number,
  fault: () => Fault,
): () => readonly Unit[] {
  const platform = createSandbox({
    accounts: CREDENTIALS.map(({ appId }) => ({ appId, secret: SECRET })),
    random: (size) => Uint8Array.from({ length: size }, () => 256 * random()),
  });
  const transport: Transport = {
    async send(_origin, { method, path, query = {}, body }) {
      const now = clock.now().wall;
      const request = { method, path, query, body: body ? JSON.stringify(body) : '', ip: '203.0.113.7' };
      if (fault() === 'down') throw transportFailure(HOST, { code: 'ECONNREFUSED' }, { departed: false });
      const answer =
        fault() === 'refused'
          ? platform.refuse(request, now, platform.identify(request)?.startsWith('ww') ? 60020 : 40164)
          : platform.handle(request, now);
      return { status: answer.status, text: answer.body, date: Date.parse(answer.headers['date'] ?? '') };
    },
    close: async () => {},
  };
  const stores = new Map<string, AccountStore>();

  function common(name: string, kind: Unit['kind']) {
    const id = kind === 'token' ? name : `${name}/${kind}`;
    const store = stores.get(id) ?? createStore();
    stores.set(id, store);
    return {
      id,
      name,
      kind,
      optional: false,
      account: id,
      host: HOST,
      store,
      publishers: [createFile(id, fault)],
    };
  }

  function unitsOf({ name, type, appId, ticket }: Credential): Unit[] {
    const kind = kindOf(type);
    const source = {
      appId,
      secret: async () => new Secret(SECRET),
      platform: createPlatform(kind.family, [HOST], transport, clock),
    };
    const token: Unit = {
      ...common(name, 'token'),
      policy: policyFor(type, { budget: BUDGET }),
      provider: bound(kind, source),
      fingerprint: async () => 'f',
    };
    if (!ticket) return [token];
    const ticketKind = ticketOf(ticket);
    return [
      token,
      {
        ...common(name, ticket),
        base: token.id,
        policy: ticketKind.policy({ budget: BUDGET }),
        provider: bound(ticketKind, source),
        fingerprint: async () => undefined,
      },
    ];
  }

  return () => CREDENTIALS.flatMap(unitsOf);
}

function createFile(id: string, fault: () => Fault): Publisher {
  let held: number | undefined;
  return {
    id: `file:/var/run/wx/${id}`,
    prepare: async () => [],
    async publish({ generation }) {
      if (held === generation) return 'unchanged';
      if (fault() === 'disk full') throw FULL;
      held = generation;
      return 'written';
    },
  };
}

const FULL = new EdgeError({
  class: 'passing',
  code: 'ENOSPC',
  message: 'no space left',
  zh: { message: 'no space left' },
  effect: 'none',
  backoff: PASSING,
});

function createStore(): AccountStore {
  let record: AccountRecord | undefined;
  let locked = false;
  return {
    read: async () => record,
    write: async (next) => {
      record = next;
    },
    async lock() {
      if (locked) return undefined;
      locked = true;
      return {
        held: async () => true,
        release: async () => {
          locked = false;
        },
      };
    },
  };
}
