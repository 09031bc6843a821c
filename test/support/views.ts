import type { View } from '../../src/core/plan.ts';
import { type FakeClock, fakeClock } from './clock.ts';
import type { CredentialType } from './kinds.ts';
import { type Story, tell } from './story.ts';

/** A credential whose life is told, as health, metrics and pages see it. */
export interface Credential {
  readonly story: Story;
  readonly view: () => View;
}

export interface CredentialOptions {
  readonly type?: CredentialType;
  readonly optional?: boolean;
  readonly clock?: FakeClock;
}

export function credential(
  name: string,
  { type = 'stable-token', optional = false, clock = fakeClock() }: CredentialOptions = {},
): Credential {
  const story = tell(type, {}, 0.5, clock);
  const nothing = () => Promise.reject(new TypeError('not in this story'));
  return {
    story,
    view: () => ({
      unit: {
        id: name,
        name,
        kind: 'token',
        optional,
        account: story.state().record.account,
        host: 'https://api.weixin.qq.com',
        policy: story.policy,
        fingerprint: async () => undefined,
        provider: { fetch: nothing, probe: nothing },
        store: { read: nothing, write: nothing, lock: nothing },
        publishers: [],
      },
      state: story.state(),
      step: story.plan().step,
      busy: false,
    }),
  };
}
