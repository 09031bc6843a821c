import type { CredentialConfig, FetchedConfig } from './config/config.ts';
import { secretReader } from './config/secret-file.ts';
import type { Kind, TicketKind } from './core/credential.ts';
import type { Clock, Publisher, Unit } from './core/ports.ts';
import { joinMirror } from './mirror-unit.ts';
import {
  createPlatform,
  createTransport,
  credentialKinds,
  fingerprintOf,
  ticketKinds,
} from './providers/index.ts';
import type { CreatePublisher } from './publishers/index.ts';
import type { Stores } from './stores.ts';
import { fileMemo } from './system/file-memo.ts';

/** One configured credential with its edges joined: its token, then the tickets that are fetched with it. */
export interface JoinedCredential {
  readonly units: readonly Unit[];
  close(): Promise<void>;
}

/** What all credentials share. */
export interface SharedEdges {
  readonly stores: Pick<Stores, 'open' | 'mirror'>;
  readonly clock: Clock;
  readonly createPublisher: CreatePublisher;
}

/**
 * The account, not the name someone gave it: whoever fetches for it must share the lock and the budget. A corp has as
 * many tokens as apps, and it is the secret that tells one app from another.
 * @throws {EdgeError} when that secret cannot be read
 */
export async function accountOf({ type, appId, platform, secret }: FetchedConfig) {
  const account = `${platform.id}/${type}/${appId}`;
  if (type !== 'wecom') return { account, app: '' };
  const app = `/${fingerprintOf(account, await secretReader(secret)()).slice(0, 12)}`;
  return { account: `${account}${app}`, app };
}

/**
 * @throws {EdgeError} when the AppSecret of an account that is known by it cannot be read
 * @throws {ConfigError} when there is no cluster to mirror from
 */
export async function joinCredential(
  credential: CredentialConfig,
  edges: SharedEdges,
): Promise<JoinedCredential> {
  return credential.type === 'mirror' ? joinMirror(credential, edges) : joinFetched(credential, edges);
}

async function joinFetched(
  credential: FetchedConfig,
  { stores, clock, createPublisher }: SharedEdges,
): Promise<JoinedCredential> {
  const { name, type, appId, optional, platform, window, budget, coordinated, allowForce, recheck } =
    credential;
  const kind = credentialKinds[type];
  const secret = secretReader(credential.secret);
  const transport = createTransport(platform);
  const source = {
    appId,
    secret,
    platform: createPlatform(kind.family, platform.hosts, transport, clock),
  };
  const { account, app } = await accountOf(credential);
  const read = () => secret().then((value) => fingerprintOf(account, value));
  // Asked for at every look at the state; the secret itself is read where it is sent.
  const fingerprint = 'file' in credential.secret ? fileMemo(credential.secret.file, read) : read;
  const host = platform.hosts[0] ?? '';

  function publishersOf(what: Kind): Publisher[] {
    const targets = credential.publish.filter(({ of }) => of === what);
    return targets.map((target) => createPublisher(target, { name, type, appId, kind: what }));
  }

  const token: Unit = {
    id: name,
    name,
    kind: 'token',
    optional,
    account,
    host,
    policy: kind.policy({
      window,
      budget,
      coordinated,
      refusalForces: allowForce,
      ...(recheck !== undefined && { recheck }),
    }),
    fingerprint: () => fingerprint().catch(() => undefined),
    provider: kind.provider(source),
    store: stores.open(account, { name, type, appId, kind: 'token' }),
    publishers: publishersOf('token'),
  };

  function ticket(what: TicketKind): Unit {
    const { policy, provider } = ticketKinds[what];
    // A corp has one ticket for all of its apps, and each app another one of its own.
    const owner = what === 'agent_config' ? `${appId}${app}` : appId;
    const ticketAccount = `${platform.id}/ticket/${owner}/${what}`;
    return {
      id: `${name}/${what}`,
      name,
      kind: what,
      optional,
      base: token.id,
      account: ticketAccount,
      host,
      policy: policy({ window, budget, coordinated, refusalForces: false }),
      // No secret is sent.
      fingerprint: async () => undefined,
      provider: provider(source),
      store: stores.open(ticketAccount, { name, type, appId, kind: what }),
      publishers: publishersOf(what),
    };
  }

  return { units: [token, ...credential.tickets.map(ticket)], close: () => transport.close() };
}
