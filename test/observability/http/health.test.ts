import { describe, expect, it } from 'vitest';
import { PASSING } from '../../../src/core/failure.ts';
import type { View } from '../../../src/core/plan.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import { createHealth } from '../../../src/observability/http/health.ts';
import { fakeClock } from '../../support/clock.ts';
import { type Credential, credential } from '../../support/views.ts';

function house(...names: readonly (readonly [name: string, optional?: boolean])[]) {
  const clock = fakeClock();
  const credentials = new Map<string, Credential>(
    names.map(([name, optional = false]) => [name, credential(name, { clock, optional })]),
  );
  const views = (): View[] => [...credentials.values()].map((each) => each.view());
  const of = (name: string) => {
    const found = credentials.get(name);
    if (!found) throw new TypeError(name);
    return found.story;
  };
  return { clock, credentials, of, health: createHealth(clock, views) };
}

describe('readiness', () => {
  it('the daemon is ready once every credential that is not optional has been published', () => {
    const { of, health } = house(['shop'], ['bot'], ['extra', true]);
    of('shop').fetch('first');
    of('shop').publish();
    expect(health.ready()).toEqual({
      ok: false,
      lines: [
        'bot token: not published',
        'extra token (optional): not published',
        'shop token: valid for 2 h 0 min',
      ],
    });
    of('bot').fetch('first');
    expect(health.ready().ok).toBe(false);
    of('bot').publish();
    expect(health.ready().ok).toBe(true);
  });

  it('the daemon stays ready until the published token dies, and is ready again with the next', () => {
    const { clock, of, health } = house(['shop']);
    of('shop').fetch('first');
    of('shop').publish();
    clock.pass(2 * HOUR - SECOND);
    of('shop').fail();
    expect(health.ready()).toEqual({ ok: true, lines: ['shop token: valid for 1 s: no answer'] });
    clock.pass(SECOND);
    expect(health.ready()).toEqual({ ok: false, lines: ['shop token: dead: no answer'] });
    of('shop').fetch('second');
    of('shop').publish();
    expect(health.ready()).toEqual({ ok: true, lines: ['shop token: valid for 2 h 0 min'] });
  });

  it('a record that cannot be written leaves the daemon ready, and a line says since when and what a restart costs', () => {
    const { clock, of, health } = house(['shop']);
    of('shop').fetch('first');
    of('shop').publish();
    of('shop').happen({ type: 'observed', record: undefined });
    const failure = {
      class: 'passing',
      code: 'EROFS',
      message: 'read-only',
      zh: { message: 'read-only' },
      effect: 'none',
      backoff: PASSING,
    } as const;
    of('shop').happen({ type: 'unstored', failure });
    clock.pass(MINUTE);
    expect(health.ready()).toEqual({
      ok: true,
      lines: [
        'shop token: valid for 1 h 59 min: read-only; since 2026-01-01T00:00:00Z its record cannot be written; ' +
          'a restart now costs a call, since the token is nowhere to be found again; readers keep theirs, ' +
          'and the calls since the last write are forgotten',
      ],
    });
  });

  it('the readiness answer lists the failing credential first and counts those beyond a hundred', () => {
    const names = Array.from({ length: 150 }, (_, index): readonly [string] => [`shop-${index}`]);
    const { credentials, of, health } = house(...names);
    for (const name of [...credentials.keys()].filter((each) => each !== 'shop-149')) {
      of(name).fetch('first');
      of(name).publish();
    }
    const { lines } = health.ready();
    expect(lines).toHaveLength(101);
    expect(lines[0]).toBe('shop-149 token: not published');
    expect(lines.at(-1)).toBe('and 50 more');
  });
});

describe('start-up', () => {
  it('start-up is over after the first publication of everything and never begins again', () => {
    const { clock, of, credentials, health } = house(['shop']);
    expect(health.startedUp().ok).toBe(false);
    of('shop').fetch('first');
    expect(health.startedUp().ok).toBe(false);
    of('shop').publish();
    expect(health.startedUp().ok).toBe(true);
    clock.pass(3 * HOUR);
    credentials.set('another', credential('another', { clock, optional: false }));
    expect(health.ready().ok).toBe(false);
    expect(health.startedUp().ok).toBe(true);
  });
});

describe('liveness', () => {
  it('the daemon stays alive whatever becomes of its credentials', () => {
    const { clock, of, health } = house(['shop']);
    for (let passed = 0; passed < 3 * HOUR; passed += MINUTE) {
      clock.pass(MINUTE);
      if (passed % (10 * MINUTE) === 0) of('shop').fail();
      health.beat();
      expect(health.live().ok).toBe(true);
    }
    expect(health.ready().ok).toBe(false);
  });

  it('the daemon counts as stalled after 90 s without a beat, whatever the wall clock says', () => {
    const { clock, of, health } = house(['shop']);
    of('shop').fetch('first');
    of('shop').publish();
    health.beat();
    clock.set(3 * HOUR);
    expect(health.live()).toEqual({ ok: true, lines: ['the main loop ran 0 s ago'] });
    clock.pass(90 * SECOND);
    const { ok, lines } = health.live();
    expect(ok).toBe(false);
    expect(lines).toEqual([
      expect.stringMatching(/^stalled: the main loop last ran 1 min 30 s ago; the process was stopped/),
    ]);
    health.beat();
    expect(health.live().ok).toBe(true);
  });
});
