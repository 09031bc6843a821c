import type { MirrorConfig } from '../config/config.ts';
import type { Kind } from '../core/credential.ts';
import type { Policy } from '../core/policy.ts';
import type { Provider, Unit } from '../core/ports.ts';
import { MINUTE } from '../core/time.ts';
import { NO_SECRET } from './app-secret.ts';
import { type JoinedCredential, namesOf, type SharedEdges } from './joined.ts';

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
export async function joinMirror(
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
