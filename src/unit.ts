import type { CredentialConfig } from './config/config.ts';
import { secretReader } from './config/secret-file.ts';
import type { StateFolder } from './coordination/state-folder.ts';
import type { Clock, Unit } from './core/ports.ts';
import { createPlatform, createTransport, credentialKinds, fingerprintOf } from './providers/index.ts';
import { createPublisher } from './publishers/index.ts';

/** One configured credential with its edges joined. */
export interface JoinedUnit {
  readonly unit: Unit;
  close(): Promise<void>;
}

export function joinUnit(credential: CredentialConfig, folder: StateFolder, clock: Clock): JoinedUnit {
  const { name, type, appId, platform, window, budget, coordinated, allowForce, recheck } = credential;
  // The account, not the name someone gave it: whoever fetches for it must share the lock and the budget.
  const account = `${platform.id}/${type}/${appId}`;
  const kind = credentialKinds[type];
  const secret = secretReader(credential.secret);
  const transport = createTransport(platform);
  const unit: Unit = {
    name,
    account,
    policy: kind.policy({
      window,
      budget,
      coordinated,
      refusalForces: allowForce,
      ...(recheck !== undefined && { recheck }),
    }),
    fingerprint: () =>
      secret().then(
        (value) => fingerprintOf(account, value),
        () => undefined,
      ),
    provider: kind.provider({ appId, secret, platform: createPlatform(platform.hosts, transport, clock) }),
    store: folder.open(account),
    publishers: credential.publish.map((target) => createPublisher(target, { name, type, appId })),
  };
  return { unit, close: () => transport.close() };
}
