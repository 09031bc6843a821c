import { isDeepStrictEqual } from 'node:util';
import { ticketAccount, tokenAccount } from '../codec/account.ts';
import { type CredentialConfig, type FetchedConfig, isFetched, type MirrorConfig } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { createSharing, type Share } from '../config/resolve/sharing.ts';
import { secretReader } from '../config/secret-file.ts';
import { type PermanentCodeFiles, permanentCodeFiles } from '../coordination/folder/permanent-code-files.ts';
import { ticketFile } from '../coordination/folder/ticket-file.ts';
import type { Kind } from '../core/credential.ts';
import type { Policy } from '../core/policy.ts';
import type {
  Clock,
  CodeStore,
  PermanentCodeStore,
  Provider,
  Publisher,
  PushedTickets,
  TicketStore,
  Unit,
} from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import type { Text } from '../core/text.ts';
import { MINUTE } from '../core/time.ts';
import type { CallPace } from '../providers/call-pace.ts';
import {
  bound,
  createPlatform,
  createTransport,
  kindOf,
  ownerOf,
  paced,
  policyOf,
  providerOf,
  ticketOf,
} from '../providers/index.ts';
import type { ListRead, SharedReads } from '../providers/kind.ts';
import type { Transport } from '../providers/transport.ts';
import type { CreatePublisher } from '../publishers/kinds.ts';
import type { FileMemo } from '../system/fs/read-regular-file.ts';
import { accountOf, NO_SECRET, watchSecret } from './app-secret.ts';
import { prepareTargets } from './prepare.ts';
import { type OpenChannel, openChannel } from './push-channels.ts';
import { pushedTickets } from './pushed-tickets.ts';
import { recordInMemory } from './record-in-memory.ts';
import type { Stores } from './stores.ts';

/** The units of one configured credential: its token, then the tickets that are fetched with it. */
export interface JoinedCredential {
  readonly units: readonly Unit[];
  /** What the platform pushes for it to the receiver; absent: nothing. */
  readonly channel?: OpenChannel;
  /** The codes that are pushed to a third party, for all its daemons; absent: none are exchanged. */
  readonly codes?: CodeStore;
  /** Where the permanent codes of corps go that have installed a suite; absent: nowhere. */
  readonly permanentCodes?: Omit<ServedSuite, 'unit'>;
  /** Watches what else it is fed from, while it is served; absent: nothing. */
  watch?(): Promise<{ close(): Promise<void> }>;
  close(): Promise<void>;
}

/** A suite whose corps' permanent codes are got and kept here. */
export interface ServedSuite {
  /** Of its token. */
  readonly unit: Unit;
  readonly store: PermanentCodeStore;
  readonly files: PermanentCodeFiles;
}

/** The edges that all credentials share. */
export interface SharedEdges {
  readonly stores: Pick<Stores, 'open' | 'openTickets' | 'openCodes' | 'openPermanentCodes' | 'mirror'>;
  readonly clock: Clock;
  readonly sharedReads: SharedReads;
  /** Told of every reading of a third party's list. @param party the AppID of the third party */
  readonly listRead: (party: string) => ListRead;
  /** The pace of the calls for the accounts of a third party. */
  readonly paceOf: (thirdParty: string) => CallPace;
  /** Returns what is known of a secret file, which is read again when it has changed. */
  readonly secretFiles: (path: string) => FileMemo<Secret>;
  readonly warn: (message: Text, fields: { readonly credential: string; readonly corp_id?: string }) => void;
  /** Called when the file of a corp has been written. */
  readonly placed: (path: string, fields: { readonly credential: string; readonly corp_id: string }) => void;
  /** Called when a ticket, or a code, may have been pushed for an account. */
  readonly ticketChanged: (account: string) => void;
  readonly createPublisher: CreatePublisher;
}

/**
 * Joins the edges of one credential.
 * @throws {EdgeError} when the AppSecret identifies the account and cannot be read
 * @throws {ConfigError} when there is no cluster to mirror from
 */
async function joinCredential(
  credential: CredentialConfig,
  edges: SharedEdges,
  share: Share,
): Promise<JoinedCredential> {
  return isFetched(credential) ? joinFetched(credential, edges, share) : joinMirror(credential, edges);
}

async function joinFetched(
  credential: FetchedConfig,
  edges: SharedEdges,
  share: Share,
): Promise<JoinedCredential> {
  const { stores, clock, createPublisher, sharedReads, listRead, secretFiles, paceOf } = edges;
  const { name, type, appId, optional, platform, budget, via, listedBy } = credential;
  const named = namesOf(credential);
  const kind = kindOf(type);
  const { account, app, unread } = await accountOf(credential);
  // Once the secret is there, the account is another one: then all is joined anew.
  const secret = unread === undefined ? secretReader(credential.secret) : () => Promise.reject(unread);
  const direct = createTransport(platform);
  const pace = via && tokenAccount(platform.id, kind.via ?? '', via.appId);
  const transport = pace === undefined ? direct : paced(direct, paceOf(pace));
  const source = {
    appId,
    secret,
    platform: createPlatform(kind.family, platform.hosts, transport, clock),
    ...(via && { via: { appId: via.appId, sharedReads, listRead: listRead(via.appId) } }),
  };
  const file = 'file' in credential.secret ? secretFiles(credential.secret.file) : undefined;
  const host = platform.hosts[0] ?? '';
  const provider = providerOf(kind, source);
  const subject = { name, type, appId, kind: 'token' };
  const permanentCodes = permanentCodesOf(credential, account, edges);
  await permanentCodes?.files.prepare();
  const codes = provider.exchangeCode || permanentCodes ? stores.openCodes(account, subject) : undefined;
  const arriving = kind.pushed && arrivingTickets(credential, account, codes, edges);

  function publishersOf(what: Kind, owner: string): Publisher[] {
    const targets = credential.publish.filter(({ of }) => of === what);
    return targets.map((target) =>
      createPublisher(target, { name, type, appId, kind: what, account: owner }),
    );
  }

  const token: Unit = {
    id: name,
    ...named,
    kind: 'token',
    optional,
    ...(listedBy !== undefined && { listedBy }),
    ...(via && { base: via.name }),
    ...(pace !== undefined && { pace }),
    ...(arriving && { pushed: arriving.tickets }),
    ...(arriving?.channel && { isReceived: true }),
    account,
    host,
    policy: share(policyOf(credential)),
    ...watchSecret(account, secret, file),
    provider,
    store:
      unread === undefined ? stores.open(account, { name, type, appId, kind: 'token' }) : recordInMemory(),
    publishers: publishersOf('token', account),
  };

  function ticket(what: Kind): Unit {
    const ticketKind = ticketOf(what);
    const { perApp } = ticketKind;
    const owner = ownerOf(credential);
    const ticketOwner = ticketAccount(platform.id, perApp ? `${owner}${app}` : owner, what);
    return {
      id: `${name}/${what}`,
      ...named,
      kind: what,
      optional,
      ...(listedBy !== undefined && { listedBy }),
      base: token.id,
      account: ticketOwner,
      host,
      policy: share(ticketKind.policy({ budget })),
      // A ticket is fetched without the secret.
      ...NO_SECRET,
      provider: bound(ticketKind, source),
      store:
        unread !== undefined && perApp
          ? recordInMemory()
          : stores.open(ticketOwner, { name, type, appId, kind: what }),
      publishers: publishersOf(what, ticketOwner),
    };
  }

  return {
    units: [token, ...credential.tickets.map(ticket)],
    ...(arriving?.watch && { watch: arriving.watch }),
    ...(arriving?.channel && { channel: arriving.channel }),
    ...(codes && { codes }),
    ...(permanentCodes && { permanentCodes }),
    close: closing(transport),
  };
}

/** Apart from the rest of what joins an account, all of which a function that is made among it would keep in memory. */
function closing(transport: Transport): () => Promise<void> {
  return () => transport.close();
}

/** Where the permanent codes go that the codes bring which are pushed to a suite. */
function permanentCodesOf(
  { name, type, appId, ticket }: FetchedConfig,
  account: string,
  { stores, warn, placed }: SharedEdges,
): JoinedCredential['permanentCodes'] {
  const template = ticket?.push?.permanentCodes;
  if (template === undefined) return undefined;
  return {
    store: stores.openPermanentCodes(account, { name, type, appId, kind: 'token' }),
    files: permanentCodeFiles({
      template,
      written: (path, corpId) => placed(path, { credential: name, corp_id: corpId }),
      warn: (message, corpId) => warn(message, { credential: name, corp_id: corpId }),
    }),
  };
}

/** Where the pushed tickets of a credential arrive. */
function arrivingTickets(
  { name, type, appId, ticket }: FetchedConfig,
  account: string,
  codes: CodeStore | undefined,
  { stores, clock, warn, ticketChanged }: SharedEdges,
): { readonly tickets: PushedTickets } & Pick<JoinedCredential, 'watch' | 'channel'> {
  const tell = (message: Text) => warn(message, { credential: name });
  const { shape } = kindOf(type).pushed ?? {};
  const file =
    ticket?.file === undefined
      ? undefined
      : ticketFile(ticket.file, { clock, warn: tell, ...(shape && { shape }) });
  const store = stores.openTickets(account, { name, type, appId, kind: 'token' });
  const kept: Pick<TicketStore, 'put'> = {
    async put(pushed) {
      const outcome = await store.put(pushed);
      ticketChanged(account);
      return outcome;
    },
  };
  const keptCodes: Pick<CodeStore, 'put'> | undefined = codes && {
    async put(code) {
      const outcome = await codes.put(code);
      ticketChanged(account);
      return outcome;
    },
  };
  return {
    tickets: pushedTickets({ store, warn: tell, ...(file && { file }) }),
    ...(ticket?.push && { channel: openChannel({ name, type, appId }, ticket.push, kept, keptCodes) }),
    ...(file && { watch: () => file.watch(() => ticketChanged(account)) }),
  };
}

/** The policy of a mirror: no fetch is ever due, since another program fetches the token. */
const POLICY: Policy = {
  follows: true,
  destructive: false,
  needsToken: false,
  window: 5 * MINUTE,
  windowShrinks: false,
  spread: 0,
  overlap: 5 * MINUTE,
  budget: { fetchesPerDay: 0, forcedPerDay: 0 },
  manual: 'ordinary',
  refusalForces: false,
};

const ASKED = () => Promise.reject(new TypeError('a mirror asks no platform'));
const NEVER_ASKED: Provider = { fetch: ASKED, probe: ASKED };

/**
 * Joins a mirror, which reads a token that another program fetches and publishes it here.
 * @throws {ConfigError} when there is no cluster to read from
 */
async function joinMirror(
  mirror: MirrorConfig,
  { stores, createPublisher }: Pick<SharedEdges, 'stores' | 'createPublisher'>,
): Promise<JoinedCredential> {
  const { name, from, optional, publish } = mirror;

  async function unitOf(kind: Kind): Promise<Unit> {
    const { account, store } = await stores.mirror(from, kind);
    const subject = {
      name,
      kind,
      // Only the source knows type and appid, and it may not have been read yet: a format asks for them when it is
      // written.
      get type() {
        return store.source().type;
      },
      get appId() {
        return store.source().appId;
      },
    };
    return {
      id: kind === 'token' ? name : `${name}/${kind}`,
      ...namesOf(mirror),
      kind,
      optional,
      account,
      host: account,
      policy: POLICY,
      fingerprint: NO_SECRET.fingerprint,
      provider: NEVER_ASKED,
      store,
      publishers: publish.filter(({ of }) => of === kind).map((target) => createPublisher(target, subject)),
    };
  }

  const kinds = [...new Set(publish.map(({ of }) => of))];
  return { units: await Promise.all(kinds.map(unitOf)), close: async () => {} };
}

/** What a unit is called: by machines, and by people if the configuration says so. */
function namesOf({ name, title }: CredentialConfig): Pick<Unit, 'name' | 'title'> {
  return { name, ...(title !== undefined && { title }) };
}

/** A served credential with its configuration. */
export interface Served extends JoinedCredential {
  readonly credential: CredentialConfig;
}

/** The units of all served credentials. */
export function unitsOf(served: ReadonlyMap<string, Served>): Unit[] {
  return [...served.values()].flatMap((one) => one.units);
}

/**
 * Joins the credentials of a configuration and prepares the targets of new and changed ones. An unchanged credential
 * keeps its units from `before`.
 * @returns the credentials by name
 * @throws {ConfigError} when a target cannot work as configured
 */
export async function joinCredentials(
  credentials: readonly CredentialConfig[],
  before: ReadonlyMap<string, Served>,
  edges: SharedEdges,
): Promise<ReadonlyMap<string, Served>> {
  const joined = new Map<string, Served>();
  const share = createSharing();
  for (const credential of credentials) {
    const known = before.get(credential.name);
    // Nothing is opened a second time for one that stays: the stores would watch the record of the other one.
    const one =
      known && (await isUnchanged(known, credential))
        ? known
        : { credential, ...(await joinCredential(credential, edges, share)) };
    joined.set(credential.name, one);
  }
  const news = [...joined.values()].filter((one) => before.get(one.credential.name) !== one);
  const problems = await prepareTargets(news.filter(isNamed).flatMap((one) => one.units));
  // Where an account that a list brought cannot be published is told when it is tried, and it is tried again.
  await prepareTargets(news.filter((one) => !isNamed(one)).flatMap((one) => one.units));
  if (problems.length > 0) throw new ConfigError(problems);
  return joined;
}

const isNamed = ({ credential }: Served) => !isListed(credential);

/** Whether the list of a platform has brought it. */
function isListed(credential: CredentialConfig): boolean {
  return isFetched(credential) && credential.listedBy !== undefined;
}

/** Whether a served credential goes on as it is. @throws {EdgeError} like {@link accountOf} */
async function isUnchanged({ credential: before, units }: Served, credential: CredentialConfig) {
  // A list of accounts changes nothing of what is configured, and of hundreds that it has brought few are new.
  if (before === credential) return true;
  if (!isDeepStrictEqual(before, credential)) return false;
  // All else that tells accounts apart is in the configuration.
  if (!isFetched(credential) || !kindOf(credential.type).perSecret) return true;
  return units[0]?.account === (await accountOf(credential)).account;
}
