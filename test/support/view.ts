import type { View } from '../../src/core/plan.ts';
import type { Unit } from '../../src/core/ports.ts';
import type { Story } from './story.ts';

const never = () => {
  throw new Error('nobody is to be asked');
};

/** A unit that can be looked at and do nothing. */
function aUnit({ policy }: Pick<Story, 'policy'>, changes: Partial<Unit> = {}): Unit {
  const { name = 'shop', kind = 'token' } = changes;
  return {
    id: kind === 'token' ? name : `${name}/${kind}`,
    name,
    kind,
    optional: false,
    account: 'weixin/stable-token/wx0000000000000000',
    host: 'https://api.weixin.qq.com',
    policy,
    fingerprint: async () => undefined,
    provider: { fetch: never, probe: never },
    store: { read: never, write: never, lock: never },
    publishers: [],
    ...changes,
  };
}

/** What the loop would show of a story. */
export function viewOf(story: Story, changes: Partial<Unit> = {}): View {
  const { step } = story.plan();
  return { unit: aUnit(story, changes), state: story.state(), step, busy: false };
}
