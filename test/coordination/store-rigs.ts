import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { sha256 } from '../../src/codec/encoding.ts';
import { keysOf as secretKeysOf } from '../../src/codec/secret-layout.ts';
import { codeSecret } from '../../src/coordination/cluster/code-secret.ts';
import { permanentCodeSecret } from '../../src/coordination/cluster/permanent-code-secret.ts';
import { secretStore } from '../../src/coordination/cluster/secret-store.ts';
import { ticketSecret } from '../../src/coordination/cluster/ticket-secret.ts';
import { stateFolder } from '../../src/coordination/folder/state-folder.ts';
import { shareRedis } from '../../src/coordination/redis/index.ts';
import { keysOf as redisKeysOf, stateServer } from '../../src/coordination/redis/scripts.ts';
import type {
  AccountStore,
  CodeStore,
  Lease,
  PermanentCodeStore,
  TicketStore,
} from '../../src/core/ports.ts';
import { redisOf } from '../../src/redis/index.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { startRedis } from '../support/redis-server.ts';
import { temporaryFolder } from '../system/folder.ts';
import { ACCOUNT, fakeCache, fakeElection, fault, SUBJECT, turns } from './cluster/fake-secret.ts';

/** Two daemons of one account on one store, and what may befall it. */
export interface Rig {
  readonly one: AccountStore;
  readonly two: AccountStore;
  /** The pushed ticket of the account, as each of the two opens it. */
  readonly tickets: { readonly one: TicketStore; readonly two: TicketStore };
  /** The codes that are pushed to the account, as each of the two opens them. */
  readonly codes: { readonly one: CodeStore; readonly two: CodeStore };
  /** The permanent codes of corps, as each of the two opens them. */
  readonly permanentCodes: { readonly one: PermanentCodeStore; readonly two: PermanentCodeStore };
  /** The second takes the lock over, though the first believes that it has it. @returns the second's lease */
  takeOver(): Promise<Lease>;
  /** Puts text that no daemon wrote in the place of the record. */
  spoil(text: string): Promise<void>;
  /** Puts text that no daemon wrote in the place of the pushed ticket. */
  spoilTicket(text: string): Promise<void>;
  /** Puts text that no daemon wrote in the place of the permanent codes: where each corp has a place of its own, of that corp's. */
  spoilPermanentCodes(text: string, corpId: string): Promise<void>;
  /** What was stored is gone. */
  lose(): Promise<void>;
  /** The store cannot be used any more. */
  close(): Promise<void>;
}

export type OpenRig = (ctx: TestContext) => Promise<Rig>;

async function lockOf(store: AccountStore): Promise<Lease> {
  const lease = await store.lock('fetch');
  if (!lease) throw new Error('another one has the lock');
  return lease;
}

const onFolder: OpenRig = async () => {
  const folder = join(await temporaryFolder(), 'state');
  const open = () => stateFolder(folder, { mode: 0o700 }, systemClock, () => {});
  const state = open();
  await state.prepare();
  const path = join(folder, 'weixin.stable-token.wx0000000000000000.json');
  const other = open();
  const two = other.open(ACCOUNT);
  return {
    ...{ one: state.open(ACCOUNT), two },
    tickets: { one: state.openTickets(ACCOUNT), two: other.openTickets(ACCOUNT) },
    codes: { one: state.openCodes(ACCOUNT), two: other.openCodes(ACCOUNT) },
    permanentCodes: { one: state.openPermanentCodes(ACCOUNT), two: other.openPermanentCodes(ACCOUNT) },
    async takeOver() {
      await rm(`${path}.owner`, { force: true });
      await rm(`${path}.lock`, { recursive: true, force: true });
      return lockOf(two);
    },
    spoil: (text) => writeFile(path, text, { mode: 0o600 }),
    spoilTicket: (text) => writeFile(`${path}.pushed`, text, { mode: 0o600 }),
    spoilPermanentCodes: (text, corpId) =>
      writeFile(`${path}.permanent-code-${sha256(corpId).slice(0, 32)}`, text, { mode: 0o600 }),
    lose: () => rm(path),
    async close() {
      await rm(folder, { recursive: true, force: true });
      await writeFile(folder, '');
    },
  };
};

const inSecret: OpenRig = async () => {
  const fake = fakeCache({});
  const votes = { one: fakeElection(), two: fakeElection() };
  votes.two.leads = false;
  const open = ({ election }: ReturnType<typeof fakeElection>) =>
    secretStore({
      account: ACCOUNT,
      subject: SUBJECT,
      cache: fake.cache,
      kubernetes: turns(),
      election,
      warn: () => {},
    });
  // One daemon leads at a time: who gives back its lock lets the other one lead.
  const leading = (mine: 'one' | 'two', other: 'one' | 'two', store: AccountStore): AccountStore => ({
    ...store,
    async lock(purpose) {
      const lease = await store.lock(purpose);
      if (!lease || purpose === 'keep') return lease;
      const { release } = lease;
      return Object.assign(lease, {
        async release() {
          await release();
          votes[mine].leads = false;
          votes[other].leads = true;
        },
      });
    },
  });
  const two = leading('two', 'one', open(votes.two));
  const keys = secretKeysOf(SUBJECT.name, SUBJECT.kind);
  const { record } = keys;
  const place = () => ({
    ...{ account: ACCOUNT, name: SUBJECT.name, cache: fake.cache, kubernetes: turns() },
    warn: () => {},
  });
  const openTickets = () => ticketSecret(place(), keys);
  const openCodes = () => codeSecret(place(), keys, systemClock);
  const openPermanentCodes = () => permanentCodeSecret(place(), keys, systemClock);
  return {
    ...{ one: leading('one', 'two', open(votes.one)), two },
    tickets: { one: openTickets(), two: openTickets() },
    codes: { one: openCodes(), two: openCodes() },
    permanentCodes: { one: openPermanentCodes(), two: openPermanentCodes() },
    async takeOver() {
      votes.one.leads = false;
      votes.two.leads = true;
      return lockOf(two);
    },
    async spoil(text) {
      fake.write({ annotations: { [record]: text } });
      fake.hear();
    },
    async spoilTicket(text) {
      fake.write({ data: { [keys.pushed]: Buffer.from(text).toString('base64') } });
      fake.hear();
    },
    async spoilPermanentCodes(text) {
      fake.write({ data: { [keys.permanentCodes]: Buffer.from(text).toString('base64') } });
      fake.hear();
    },
    async lose() {
      fake.empty();
      fake.hear();
    },
    async close() {
      fake.remove();
      fake.forget();
      fake.trouble = fault('kube-timeout').failure;
    },
  };
};

const onRedis: OpenRig = async (ctx) => {
  const redis = await startRedis(ctx);
  const prefix = 'wx-token-sidecar:';
  function open() {
    const access = redisOf([redis.connection()], { clock: systemClock, random: Math.random });
    const server = stateServer(access.connection('cache'), prefix);
    const shared = shareRedis({ server, clock: systemClock, report: () => {}, warn: () => {} });
    ctx.onTestFinished(async () => {
      await shared.close();
      await access.close();
    });
    return {
      store: shared.open(ACCOUNT),
      tickets: shared.openTickets(ACCOUNT),
      codes: shared.openCodes(ACCOUNT),
      permanentCodes: shared.openPermanentCodes(ACCOUNT),
    };
  }
  const keys = redisKeysOf(prefix, ACCOUNT);
  const [first, { store: two, tickets, codes, permanentCodes }] = [open(), open()];
  return {
    ...{ one: first.store, two },
    tickets: { one: first.tickets, two: tickets },
    codes: { one: first.codes, two: codes },
    permanentCodes: { one: first.permanentCodes, two: permanentCodes },
    async takeOver() {
      await redis.cli('DEL', keys.lock);
      return lockOf(two);
    },
    spoil: async (text) => void (await redis.cli('SET', keys.record, text)),
    spoilTicket: async (text) => void (await redis.cli('SET', keys.pushed, text)),
    spoilPermanentCodes: async (text) => void (await redis.cli('SET', keys.permanentCodes, text)),
    lose: async () => void (await redis.cli('DEL', keys.record)),
    close: redis.kill,
  };
};

export const RIGS: readonly (readonly [string, OpenRig])[] = [
  ['a state folder', onFolder],
  ['a Secret', inSecret],
  ['Redis', onRedis],
];
