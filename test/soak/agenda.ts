import type { Fault } from '../../src/sandbox/index.ts';
import { ENDPOINT } from '../e2e/workbench.ts';
import { seeded } from '../support/clock.ts';
import type { Account } from './accounts.ts';

export type Deed =
  | { readonly kind: 'faults'; readonly faults: readonly Fault[]; readonly lastsMs: number }
  | { readonly kind: 'hangup' }
  /** Of the configuration: something harmless, another credential more or less, or what cannot be read. */
  | { readonly kind: 'reload'; readonly change: 'window' | 'guest' | 'broken' }
  /** A reader reports the token that is published. */
  | { readonly kind: 'feedback'; readonly account: Account };

export interface Entry {
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly deed: Deed;
}

/** Between two of a kind, seconds: at least and at most. */
const GAPS = {
  faults: [6, 10],
  quota: [40, 80],
  hangup: [20, 45],
  reload: [8, 15],
  feedback: [3, 6],
} as const;

/** A burst is over long before a token dies that was due when it began, ms. */
const LONGEST_BURST = 2_500;

/** Of these none has an answer that the platform has acted upon. */
const HARMLESS: readonly Fault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 502 },
  { kind: 'status', status: 503 },
  { kind: 'html' },
  { kind: 'empty' },
  { kind: 'cut' },
  { kind: 'hang' },
  { kind: 'endless' },
  { kind: 'latency', ms: 300 },
  { kind: 'errcode', errcode: -1 },
  { kind: 'body', body: '{"access_token":"","expires_in":7200}' },
  { kind: 'body', body: '{"access_token":"99_too_short","expires_in":0}' },
];

/** What the platform has done is not told: nothing to a stable token, the death of a classic one. */
const LOST: readonly Fault[] = [{ kind: 'lost-answer' }, { kind: 'partial' }];

/** What happens in so many seconds: the same for the same seed. */
export function agenda(seed: number, seconds: number, accounts: readonly Account[]): readonly Entry[] {
  const random = seeded(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const named = (group: string) => accounts.filter(({ name }) => name.startsWith(group));
  const served = accounts.filter(({ name }) => !name.startsWith('guest'));

  function every([least, most]: readonly [number, number], make: () => Deed): Entry[] {
    const entries: Entry[] = [];
    for (
      let at = least + random() * (most - least);
      at < seconds - most;
      at += least + random() * (most - least)
    ) {
      entries.push({ at: at * 1000, deed: make() });
    }
    return entries;
  }

  function burst(): Deed {
    const [lost, harmless] = [pick(LOST), pick(HARMLESS)];
    const faults: Fault[] = Object.values(ENDPOINT).map((path) => ({ ...harmless, path }));
    if (random() < 0.3) faults.unshift({ ...lost, path: ENDPOINT['stable-token'] });
    if (random() < 0.5)
      faults.unshift({ ...lost, path: ENDPOINT['access-token'], appId: pick(named('lossy')).appId });
    return { kind: 'faults', faults, lastsMs: 500 + random() * (LONGEST_BURST - 500) };
  }

  const quota = (): Deed => ({
    kind: 'faults',
    faults: [
      { kind: 'errcode', errcode: 45009, path: ENDPOINT['stable-token'], appId: pick(named('spent')).appId },
    ],
    lastsMs: 5_000,
  });

  return [
    ...every(GAPS.faults, burst),
    ...every(GAPS.quota, quota),
    ...every(GAPS.hangup, () => ({ kind: 'hangup' })),
    ...every(GAPS.reload, () => ({ kind: 'reload', change: pick(['window', 'guest', 'broken'] as const) })),
    ...every(GAPS.feedback, () => ({ kind: 'feedback', account: pick(served) })),
  ].sort((one, other) => one.at - other.at);
}
