import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../src/core/credential.ts';
import { DAY, SECOND } from '../../src/core/time.ts';

const VALUE = `84_${'x'.repeat(40)}`;

const read = (changes: Readonly<Record<string, unknown>>) =>
  readAnswer({ access_token: VALUE, expires_in: 7200, ...changes }, 'access_token');

describe('token and ticket answers', () => {
  it('an answer yields token and lifetime, or the ticket where one is wanted', () => {
    const { value, expiresIn } = read({});
    expect([value.reveal(), expiresIn]).toEqual([VALUE, 7200]);
    const ticket = readAnswer({ access_token: 'no', ticket: VALUE, expires_in: 1 }, 'ticket');
    expect([ticket.value.reveal(), ticket.expiresIn]).toEqual([VALUE, 1]);
  });

  it.each([undefined, null, 'text', 7])('an answer of %j is rejected as no JSON object', (body) => {
    expect(() => readAnswer(body, 'ticket')).toThrow("the platform's answer is not a JSON object");
  });

  it.each([undefined, null, 7, { value: VALUE }])(
    'an access_token of %j counts as missing',
    (access_token) => {
      expect(() => read({ access_token })).toThrow("the platform's answer has no access_token");
    },
  );

  it.each(['x'.repeat(16), 'x'.repeat(4096), '!#%&()*+,-./0:;=>?@A[]^_a{|}~'])(
    'the token value $0 is accepted',
    (value) => {
      expect(read({ access_token: value }).value.reveal()).toBe(value);
    },
  );

  it.each([
    ['of 15 characters', 'x'.repeat(15)],
    ['of 4097 characters', 'x'.repeat(4097)],
    ...['"', "'", '\\', '$', '<', '`', ' ', '\n', 'é', '\u007f'].map((odd) => [
      `with ${JSON.stringify(odd)}`,
      `${VALUE}${odd}${VALUE}`,
    ]),
  ])('a token value %s is rejected and not repeated in the error', (_, value) => {
    expect(() => read({ access_token: value })).toThrow(
      "the platform's answer has an access_token of a length or alphabet that cannot be one",
    );
  });

  it.each([
    ['"1500"', '1500', 1500],
    ['a fraction', 0.5, 0.5],
    ['a whole day', DAY / SECOND, DAY / SECOND],
  ])('an expires_in of %s is accepted', (_, expires_in, expected) => {
    expect(read({ expires_in }).expiresIn).toBe(expected);
  });

  it.each([
    [undefined, 'has no expires_in'],
    [null, 'has no expires_in'],
    ['soon', 'has no expires_in'],
    ['-5', 'has no expires_in'],
    ['1e3', 'has no expires_in'],
    ['x7200', 'has no expires_in'],
    ['1234567890', 'has no expires_in'],
    [['7200'], 'has no expires_in'],
    [Number.NaN, 'has no expires_in'],
    [Number.POSITIVE_INFINITY, 'has no expires_in'],
    [0, 'has an expires_in of 0: the access_token is dead already'],
    ['0', 'has an expires_in of 0: the access_token is dead already'],
    [-1, 'has an expires_in of -1: the access_token is dead already'],
    [DAY / SECOND + 1, 'has an expires_in of 86401 seconds, longer than a day'],
  ])('an expires_in of $0 is rejected', (expires_in, what) => {
    expect(() => read({ expires_in })).toThrow(`the platform's answer ${what}`);
  });

  it('a malformed answer is a passing fault with an unknown outcome and advice', () => {
    try {
      read({ expires_in: 0 });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: 'odd-answer',
        failure: {
          class: 'passing',
          effect: 'unknown',
          advice: expect.stringContaining('proxy, portal'),
          backoff: { first: SECOND, jitter: 'full' },
        },
      });
    }
  });
});
