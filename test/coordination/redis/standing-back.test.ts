import { describe, expect, it } from 'vitest';
import { createStandingBack } from '../../../src/coordination/redis/standing-back.ts';
import type { AccountRecord } from '../../../src/core/record.ts';
import { fakeClock } from '../../support/clock.ts';
import { token } from '../../support/story.ts';
import { recordOf } from '../cluster/fake-secret.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** After so many failed attempts in a row, the last of which is to be followed by a pause of so many ms. */
function failed(failures: number, pause = 0): AccountRecord {
  const at = Date.UTC(2026, 0, 1);
  const told = {
    class: 'passing',
    code: 'unreachable',
    message: 'no answer',
    zh: { message: '无应答' },
  } as const;
  return {
    ...recordOf(9, token('a')),
    generation: 10,
    lastFailure: { failure: told, at, until: at + pause, failures, since: at },
  };
}

function standing() {
  const clock = fakeClock();
  return { clock, ...createStandingBack(clock) };
}

describe('a daemon whose attempt has failed', () => {
  it('it leaves the lock to others for as long as they wait, and their turn', () => {
    const { clock, heard, attempted, isBack } = standing();
    heard();
    attempted(failed(1));
    expect(isBack()).toBe(true);
    clock.pass(7 * SECOND);
    expect(isBack()).toBe(true);
    clock.pass(SECOND);
    expect(isBack()).toBe(false);
    attempted(failed(9));
    clock.pass(77 * SECOND);
    expect(isBack()).toBe(true);
    clock.pass(SECOND);
    expect(isBack()).toBe(false);
  });

  it('around the end of the token it leaves it for no more than that takes others then', () => {
    const { clock, heard, attempted, isBack } = standing();
    heard();
    clock.pass(119 * MINUTE);
    attempted(failed(9));
    clock.pass(17 * SECOND);
    expect(isBack()).toBe(true);
    clock.pass(SECOND);
    expect(isBack()).toBe(false);
  });

  it('after a refusal it lets others go first when the pause is over', () => {
    const { clock, heard, attempted, isBack } = standing();
    heard();
    attempted(failed(1, MINUTE));
    clock.pass(65 * SECOND);
    expect(isBack()).toBe(true);
    clock.pass(SECOND);
    expect(isBack()).toBe(false);
  });

  it('where nobody else was heard of within a day it waits for nobody', () => {
    const { clock, heard, attempted, isBack } = standing();
    attempted(failed(3));
    expect(isBack()).toBe(false);
    heard();
    expect(isBack()).toBe(true);
    clock.pass(24 * 60 * MINUTE);
    attempted(failed(3));
    expect(isBack()).toBe(false);
  });

  it('a token that it brings ends that', () => {
    const { heard, attempted, isBack } = standing();
    heard();
    attempted(failed(3));
    attempted(recordOf(11, token('b')));
    expect(isBack()).toBe(false);
  });
});
