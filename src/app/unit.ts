import { isDeepStrictEqual } from 'node:util';
import { type CredentialConfig, type FetchedConfig, isFetched, type MirrorConfig } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { secretReader } from '../config/secret-file.ts';
import type { Kind } from '../core/credential.ts';
import type { Policy } from '../core/policy.ts';
import type { Clock, Publisher, Unit } from '../core/ports.ts';
import { MINUTE } from '../core/time.ts';
import {
  createPlatform,
  createTransport,
  fingerprintOf,
  kindOf,
  policyOf,
  ticketOf,
} from '../providers/index.ts';
import type { CreatePublisher } from '../publishers/kinds.ts';
import { fileMemo } from '../system/fs/read-regular-file.ts';
import { prepareTargets } from './prepare.ts';
import type { Stores } from './stores.ts';

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
  if (!kindOf(type).perSecret) return { account, app: '' };
  const app = `/${fingerprintOf(account, await secretReader(secret)()).slice(0, 12)}`;
  return { account: `${account}${app}`, app };
}

/**
 * @throws {EdgeError} when the AppSecret of an account that is known by it cannot be read
 * @throws {ConfigError} when there is no cluster to mirror from
 */
async function joinCredential(credential: CredentialConfig, edges: SharedEdges): Promise<JoinedCredential> {
  return isFetched(credential) ? joinFetched(credential, edges) : joinMirror(credential, edges);
}

async function joinFetched(
  credential: FetchedConfig,
  { stores, clock, createPublisher }: SharedEdges,
): Promise<JoinedCredential> {
  const { name, type, appId, optional, platform, budget } = credential;
  const kind = kindOf(type);
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
    policy: policyOf(credential),
    fingerprint: () => fingerprint().catch(() => undefined),
    provider: kind.provider(source),
    store: stores.open(account, { name, type, appId, kind: 'token' }),
    publishers: publishersOf('token'),
  };

  function ticket(what: Kind): Unit {
    const { perApp, policy, provider } = ticketOf(what);
    const owner = perApp ? `${appId}${app}` : appId;
    const ticketAccount = `${platform.id}/ticket/${owner}/${what}`;
    return {
      id: `${name}/${what}`,
      name,
      kind: what,
      optional,
      base: token.id,
      account: ticketAccount,
      host,
      policy: policy({ budget }),
      // No secret is sent.
      fingerprint: async () => undefined,
      provider: provider(source),
      store: stores.open(ticketAccount, { name, type, appId, kind: what }),
      publishers: publishersOf(what),
    };
  }

  return { units: [token, ...credential.tickets.map(ticket)], close: () => transport.close() };
}

/** Nothing is ever due: what there is comes from elsewhere. */
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

/**
 * What another program fetches: read where it keeps it, and published here.
 * @throws {ConfigError} when there is no cluster to read it in
 */
async function joinMirror(
  { name, from, optional, publish }: MirrorConfig,
  { stores, createPublisher }: Pick<SharedEdges, 'stores' | 'createPublisher'>,
): Promise<JoinedCredential> {
  async function unitOf(kind: Kind): Promise<Unit> {
    const { account, store } = await stores.mirror(from, kind);
    const subject = {
      name,
      kind,
      // Only the source knows, and a format asks when it is written.
      get type() {
        return store.source().type;
      },
      get appId() {
        return store.source().appId;
      },
    };
    return {
      id: kind === 'token' ? name : `${name}/${kind}`,
      name,
      kind,
      optional,
      account,
      host: account,
      policy: POLICY,
      fingerprint: async () => undefined,
      provider: { fetch: ASKED, probe: ASKED },
      store,
      publishers: publish.filter(({ of }) => of === kind).map((target) => createPublisher(target, subject)),
    };
  }

  const kinds = [...new Set(publish.map(({ of }) => of))];
  return { units: await Promise.all(kinds.map(unitOf)), close: async () => {} };
}

/** A credential at work, as it was configured. */
export interface Served extends JoinedCredential {
  readonly credential: CredentialConfig;
}

export function unitsOf(served: ReadonlyMap<string, Served>): Unit[] {
  return [...served.values()].flatMap((one) => one.units);
}

/**
 * Joins the credentials of a configuration, by their names, and makes ready what is new among them; one that has not
 * changed is the same one as before.
 * @throws {ConfigError} when a target cannot work as configured
 */
export async function joinCredentials(
  credentials: readonly CredentialConfig[],
  before: ReadonlyMap<string, Served>,
  edges: SharedEdges,
): Promise<ReadonlyMap<string, Served>> {
  const joined = new Map<string, Served>();
  for (const credential of credentials) {
    const known = before.get(credential.name);
    const one = { credential, ...(await joinCredential(credential, edges)) };
    joined.set(credential.name, known && isUnchanged(known, one) ? known : one);
  }
  const news = [...joined.values()].filter((one) => before.get(one.credential.name) !== one);
  const problems = await prepareTargets(news.flatMap((one) => one.units));
  if (problems.length > 0) throw new ConfigError(problems);
  return joined;
}

function isUnchanged(known: Served, found: Served): boolean {
  const accounts = ({ units }: Served) => units.map(({ account }) => account);
  return (
    isDeepStrictEqual(known.credential, found.credential) &&
    isDeepStrictEqual(accounts(known), accounts(found))
  );
}
