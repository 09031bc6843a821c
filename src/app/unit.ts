import { isDeepStrictEqual } from 'node:util';
import { ticketAccount, tokenAccount } from '../codec/account.ts';
import { type CredentialConfig, type FetchedConfig, isFetched } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { secretReader } from '../config/secret-file.ts';
import { createSharing, type Share } from '../config/sharing.ts';
import { permanentCodeFiles } from '../coordination/folder/permanent-code-files.ts';
import { ticketFile } from '../coordination/folder/ticket-file.ts';
import type { Kind } from '../core/credential.ts';
import type { CodeStore, Publisher, PushedTickets, TicketStore, Unit } from '../core/ports.ts';
import type { Text } from '../core/text.ts';
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
import type { Transport } from '../providers/transport.ts';
import { accountOf, NO_SECRET, watchSecret } from './app-secret.ts';
import { type JoinedCredential, namesOf, type SharedEdges } from './joined.ts';
import { joinMirror } from './mirror.ts';
import { prepareTargets } from './prepare.ts';
import { openChannel } from './push-channels.ts';
import { pushedTickets } from './pushed-tickets.ts';
import { recordInMemory } from './record-in-memory.ts';

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
