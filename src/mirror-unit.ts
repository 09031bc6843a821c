import type { MirrorConfig } from './config/config.ts';
import type { Kind } from './core/credential.ts';
import type { Policy } from './core/policy.ts';
import type { Unit } from './core/ports.ts';
import { MINUTE } from './core/time.ts';
import type { JoinedCredential, SharedEdges } from './unit.ts';

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
export async function joinMirror(
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
