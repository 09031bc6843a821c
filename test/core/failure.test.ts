import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EdgeError, failureOf, PASSING } from '../../src/core/failure.ts';
import { Secret } from '../../src/core/secret.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { PASSING_FAULT } from '../support/story.ts';

describe('thrown errors', () => {
  it('an EdgeError yields the failure that it carries, whatever effect is given', () => {
    const error = new EdgeError(PASSING_FAULT, { cause: 'why' });
    expect(failureOf(error, 'none')).toBe(PASSING_FAULT);
    expect(error).toMatchObject({ name: 'EdgeError', code: 'timeout', message: 'no answer', cause: 'why' });
  });

  it('a system error is a passing fault with its error code', () => {
    const error = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    expect(failureOf(error, 'unsent')).toEqual({
      ...{ class: 'passing', code: 'ENOSPC', message: 'no space', effect: 'unsent', backoff: PASSING },
      zh: { message: 'no space' },
    });
  });

  it.each([
    [new Error('odd'), 'odd'],
    [Object.assign(new Error('odd'), { code: 7 }), 'odd'],
    ['a text', 'a text'],
    [undefined, 'undefined'],
  ])('the thrown value $0 is an unexpected passing fault', (thrown, message) => {
    expect(failureOf(thrown, 'unknown')).toMatchObject({ class: 'passing', code: 'unexpected', message });
  });

  it('a passing fault is retried after a second, doubled up to a minute', () => {
    expect(PASSING).toEqual({ first: SECOND, growth: 2, cap: MINUTE, jitter: 'full' });
  });
});

describe('printed secrets', () => {
  const secret = new Secret('hush');

  it('a secret shows as [redacted] however it is printed', () => {
    expect(`${secret}`).toBe('[redacted]');
    expect(JSON.stringify({ secret })).toBe('{"secret":"[redacted]"}');
    expect(inspect({ secret })).toBe('{ secret: [redacted] }');
    expect(Object.values(secret)).toEqual([]);
  });

  it('a secret is revealed on demand and compared by its value', () => {
    expect(secret.reveal()).toBe('hush');
    expect(secret.equals(new Secret('hush'))).toBe(true);
    expect(secret.equals(new Secret('other'))).toBe(false);
  });
});
