import { describe, expect, it } from 'vitest';
import { accountIn, describeConflict } from '../../../src/coordination/cluster/secret-reader.ts';

describe('the account of a record', () => {
  it('a record that names an account is of that account', () => {
    expect(accountIn({ record: '{"account":"wx1","generation":2}' })).toBe('wx1');
  });

  it.each([
    ['is absent', {}],
    ['is no JSON', { record: 'wx1' }],
    ['is null', { record: 'null' }],
    ['names no account', { record: '{"generation":2}' }],
    ['has a number for an account', { record: '{"account":7}' }],
  ])('a record that %s is of no account', (_, part) => {
    expect(accountIn(part)).toBeUndefined();
  });
});

describe('a name that two daemons use for two accounts', () => {
  const CONFLICT = { where: 'Secret shop/wx-secret', key: 'shop', theirs: 'wx1', ours: 'wx2' };
  const WHAT = 'account conflict: the Secret shop/wx-secret holds wx1 under shop, but this daemon has wx2';

  it('the daemon that leads says that it replaces what others wrote', () => {
    const { line } = describeConflict(CONFLICT, { leads: () => true, holder: () => 'me' });
    expect(line).toBe(`${WHAT}; this daemon leads and replaces it`);
  });

  it('a daemon that does not lead names the one that decides and says what happens meanwhile', () => {
    const { line } = describeConflict(CONFLICT, { leads: () => false, holder: () => 'pod-7' });
    expect(line).toBe(
      `${WHAT}; the leader pod-7 decides; what is published here stays, and is not refreshed`,
    );
  });

  it('a daemon that knows of no leader says that nobody leads', () => {
    const { line } = describeConflict(CONFLICT, { leads: () => false, holder: () => undefined });
    expect(line).toBe(`${WHAT}; the next leader decides; what is published here stays, and is not refreshed`);
  });

  it('the advice tells what daemons need in common and how long a change may take', () => {
    const { advice } = describeConflict(CONFLICT, { leads: () => true, holder: () => 'me' });
    expect(advice.en).toBe(
      'all daemons that share a Secret need the same configuration and AppSecrets; ' +
        'a change reaches one pod before another, ' +
        'so wait a minute or two before you look for the one that is different',
    );
  });
});
