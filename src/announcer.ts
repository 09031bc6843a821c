import type { CredentialConfig } from './config/config.ts';
import type { Clock, Unit } from './core/ports.ts';
import {
  createDelivery,
  createNotifier,
  createSlots,
  type Delivery,
  type DeliveryEvent,
} from './notifiers/index.ts';

/** Tells whoever is configured to be told, after a change has been published; a refresh never waits for it. */
export interface Announcer {
  /** From now on those of these credentials are told. */
  serve(credentials: readonly CredentialConfig[]): void;
  /** @param expiresAt epoch ms */
  published(unit: Pick<Unit, 'name' | 'kind'>, expiresAt: number): void;
  stop(): Promise<void>;
}

export interface AnnouncerOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (event: DeliveryEvent) => void;
}

/** Of all notifiers of all credentials together: two thousand credentials do not start two thousand programs. */
const AT_ONCE = 32;

/** Of one credential, and for one program or host: what hangs takes this much of the room and no more. */
const SHARE = 6;

export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const slots = createSlots(AT_ONCE, SHARE);
  let served: ReadonlyMap<string, CredentialConfig> = new Map();
  let deliveries: ReadonlyMap<string, Delivery> = new Map();

  const keysOf = ({ name, notify }: CredentialConfig) =>
    notify.map((config) => `${name} ${JSON.stringify(config)}`);

  return {
    serve(credentials) {
      const before = deliveries;
      const next = new Map<string, Delivery>();
      for (const credential of credentials) {
        for (const [index, key] of keysOf(credential).entries()) {
          const config = credential.notify[index];
          const known = before.get(key);
          if (known) next.set(key, known);
          else if (config) next.set(key, createDelivery(createNotifier(config), { ...options, slots }));
        }
      }
      served = new Map(credentials.map((credential) => [credential.name, credential]));
      deliveries = next;
      for (const [key, delivery] of before) if (!next.has(key)) void delivery.stop();
    },
    published({ name, kind }, expiresAt) {
      const credential = served.get(name);
      if (!credential) return;
      const target = credential.publish.find(({ type, of }) => type === 'file' && of === kind);
      const file = target?.type === 'file' ? target.path : '';
      const change = { credential: name, kind, file, expiresAt: Math.floor(expiresAt / 1000) };
      for (const key of keysOf(credential)) deliveries.get(key)?.changed(change);
    },
    async stop() {
      await Promise.all([...deliveries.values()].map((delivery) => delivery.stop()));
    },
  };
}
