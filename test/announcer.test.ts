import { describe, expect, it, onTestFinished } from 'vitest';
import { createAnnouncer } from '../src/announcer.ts';
import type { CredentialConfig, NotifierConfig } from '../src/config/config.ts';
import type { DeliveryEvent } from '../src/notifiers/index.ts';
import { systemClock } from '../src/system/clock.ts';
import { credentialWith } from './config/configured.ts';
import { aHook } from './notifiers/hook.ts';
import { afterRequest, httpServer } from './providers/servers.ts';
import { eventually } from './support/wait.ts';

const HOUR = 3_600_000;

async function credentialOf(name: string, notify: readonly NotifierConfig[]): Promise<CredentialConfig> {
  const { credential } = await credentialWith({});
  return { ...credential, name, notify };
}

/** An announcer that serves these, stopped with the test, and what came of it. */
function announcing(...credentials: readonly CredentialConfig[]) {
  const events: DeliveryEvent[] = [];
  const report = (event: DeliveryEvent) => void events.push(event);
  const announcer = createAnnouncer({ clock: systemClock, random: () => 0.5, report });
  onTestFinished(() => announcer.stop());
  announcer.serve(credentials);
  return {
    events,
    publish(name: string) {
      announcer.published({ name, kind: 'token' }, systemClock.now().wall + HOUR);
    },
  };
}

describe('somebody who is told of a change', () => {
  it('is not held up by twenty hooks of another credential that hang', async () => {
    const hanging = await Promise.all(
      Array.from({ length: 20 }, async (): Promise<NotifierConfig> => {
        const { command } = await aHook('sleep 600');
        return { type: 'exec', command, timeout: HOUR };
      }),
    );
    const quick = await aHook('echo told > log');
    const { publish, events } = announcing(
      await credentialOf('hanging', hanging),
      await credentialOf('quick', [{ type: 'exec', command: quick.command, timeout: HOUR }]),
    );
    publish('hanging');
    publish('quick');
    await eventually(() => quick.in('log'), { for: 'the other hook' });
    expect(events.filter(({ credential }) => credential === 'hanging')).toEqual([]);
  });

  it('is not held up by forty credentials that tell a host which hangs', async () => {
    const deaf = await afterRequest(() => {});
    const { url, seen } = await httpServer((response) => response.end());
    const credentials = await Promise.all(
      Array.from({ length: 40 }, (_, nth) =>
        credentialOf(`hanging-${nth}`, [{ type: 'webhook', url: `${deaf}/${nth}`, timeout: HOUR }]),
      ),
    );
    const quick = await credentialOf('quick', [{ type: 'webhook', url, timeout: HOUR }]);
    const { publish } = announcing(...credentials, quick);
    for (const { name } of credentials) publish(name);
    publish('quick');
    await eventually(() => seen.length === 1, { for: 'the other webhook' });
  });
});
