import { describe, expect, it } from 'vitest';
import { storedOf } from '../../../src/codec/record.ts';
import { encodePart, keysOf, type Part } from '../../../src/codec/secret-layout.ts';
import { secretReader } from '../../../src/coordination/cluster/secret-reader.ts';
import type { AccountRecord } from '../../../src/core/record.ts';
import { token } from '../../support/story.ts';
import { ACCOUNT, type Content, fakeCache, fakeElection, recordOf, SUBJECT } from './fake-secret.ts';

const OTHER = 'weixin/stable-token/wx1111111111111111';

/** What a Secret holds of an account under a name. */
function contentOf(part: Part, name = 'shop'): Content {
  const keys = keysOf(name, 'token');
  const { value, entry, record } = part;
  return {
    data: {
      ...(value !== undefined && { [keys.value]: value }),
      ...(entry !== undefined && { [keys.entry]: entry }),
    },
    annotations: { ...(record !== undefined && { [keys.record]: record }) },
  };
}

const partOf = (record: AccountRecord) => encodePart(record, SUBJECT);

function both({ data, annotations }: Content, other: Content): Content {
  return { data: { ...data, ...other.data }, annotations: { ...annotations, ...other.annotations } };
}

function reading(content?: Content) {
  const fake = fakeCache(content);
  const { election, ...rest } = fakeElection();
  const state = Object.assign({ ...rest }, { leads: true });
  const warnings: { readonly message: string; readonly fields: unknown }[] = [];
  const reader = secretReader({
    ...{ account: ACCOUNT, subject: SUBJECT, keys: keysOf('shop', 'token'), cache: fake.cache },
    election: { leads: () => state.leads, holder: election.holder },
    warn: (message, fields) => void warnings.push({ message, fields }),
  });
  const { write, hear } = fake;
  return {
    ...{ ...fake, reader, warnings, state },
    /** Somebody writes, and it is heard of. */
    say(changes: Content) {
      write(changes);
      hear();
    },
  };
}

describe('reading the record of an account in a Secret', () => {
  it('a Secret that is not there holds no record and is waited for', async () => {
    const { reader, asked, warnings } = reading();
    expect(await reader.read()).toBeUndefined();
    expect(reader.isPartial()).toBe(false);
    expect(asked).toEqual(['ready']);
    expect(warnings).toEqual([]);
  });

  it('an empty Secret holds no record, and nothing of it is missing', async () => {
    const { reader, warnings } = reading({});
    expect(await reader.read()).toBeUndefined();
    expect([reader.isPartial(), warnings]).toEqual([false, []]);
  });

  it('a record with all its details is whole', async () => {
    const { reader } = reading(contentOf(partOf(recordOf(2, token('a')))));
    expect(reader.isPartial()).toBe(false);
    expect(await reader.read()).toEqual(recordOf(2, token('a')));
    expect(reader.isPartial()).toBe(false);
  });

  it('a record without a token is whole without details', async () => {
    const { reader } = reading(contentOf(partOf(recordOf(1))));
    expect(await reader.read()).toEqual(recordOf(1));
    expect(reader.isPartial()).toBe(false);
  });

  it('a record without its details is partial for who leads alone', async () => {
    const { entry: _lost, ...part } = partOf(recordOf(2, token('a')));
    const { reader, state } = reading(contentOf(part));
    expect(await reader.read()).toEqual(recordOf(2, token('a')));
    expect(reader.isPartial()).toBe(true);
    state.leads = false;
    expect(reader.isPartial()).toBe(false);
  });

  it('a record that becomes whole again is partial no longer', async () => {
    const whole = partOf(recordOf(2, token('a')));
    const { entry: _lost, ...part } = whole;
    const { reader, say } = reading(contentOf(part));
    await reader.read();
    say(contentOf(whole));
    await reader.read();
    expect(reader.isPartial()).toBe(false);
  });

  it('a newer record under another name is read and counts as partial', async () => {
    const own = contentOf(partOf(recordOf(2, token('a'))));
    const { reader } = reading(both(own, contentOf(partOf(recordOf(3, token('b'))), 'boutique')));
    expect(await reader.read()).toEqual(recordOf(3, token('b')));
    expect(reader.isPartial()).toBe(true);
  });

  it('the newest of several records under other names is read', async () => {
    const others = both(
      contentOf(partOf(recordOf(5, token('b'))), 'boutique'),
      contentOf(partOf(recordOf(4, token('c'))), 'corner'),
    );
    const { reader } = reading(others);
    expect(await reader.read()).toEqual(recordOf(5, token('b')));
  });

  it('a record that is as new under another name leaves our own in place', async () => {
    const own = contentOf(partOf(recordOf(2, token('a'))));
    const { reader } = reading(both(own, contentOf(partOf(recordOf(2, token('b'))), 'boutique')));
    expect(await reader.read()).toEqual(recordOf(2, token('a')));
    expect(reader.isPartial()).toBe(false);
  });

  it('a damaged record under another name is passed over in silence', async () => {
    const own = contentOf(partOf(recordOf(2, token('a'))));
    const { value: _lost, ...damaged } = partOf(recordOf(9, token('b')));
    const { reader, warnings } = reading(both(own, contentOf(damaged, 'boutique')));
    expect(await reader.read()).toEqual(recordOf(2, token('a')));
    expect(warnings).toEqual([]);
  });
});

describe('complaints about a record in a Secret', () => {
  it('a damaged record is ignored with one warning', async () => {
    const { reader, warnings } = reading(contentOf({ ...partOf(recordOf(2, token('a'))), value: 'eA==' }));
    expect(await reader.read()).toBeUndefined();
    await reader.read();
    expect(warnings).toEqual([
      {
        message: 'ignoring shop of the Secret shop/wx-token: not a record of this program (token)',
        fields: { credential: 'shop' },
      },
    ]);
  });

  it('a record that is damaged in another way is complained of anew', async () => {
    const { reader, warnings, say } = reading(contentOf({ record: '{' }));
    await reader.read();
    say(contentOf({ record: '{}' }));
    await reader.read();
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/: not JSON$/),
      expect.stringMatching(/: not a record of this program \(version\)$/),
    ]);
  });

  it('a record that was good in between is complained of again', async () => {
    const { reader, warnings, say } = reading(contentOf({ record: '{' }));
    await reader.read();
    say(contentOf(partOf(recordOf(1))));
    await reader.read();
    say(contentOf({ record: '{' }));
    await reader.read();
    expect(warnings).toHaveLength(2);
  });

  it('a record of our own account that is damaged is called damaged and not contested', async () => {
    const { reader, warnings } = reading(contentOf({ record: JSON.stringify({ account: ACCOUNT }) }));
    await reader.read();
    expect(warnings[0]?.message).toMatch(/^ignoring shop of .*\(version\)$/);
  });

  it('a record of another account is named with advice, once for each account', async () => {
    const theirs = (account: string, generation: number) =>
      contentOf({ record: JSON.stringify({ ...storedOf(recordOf(generation)), account }) });
    const { reader, warnings, state, say } = reading(theirs(OTHER, 1));
    state.leads = false;
    expect(await reader.read()).toBeUndefined();
    say(theirs(OTHER, 2));
    await reader.read();
    const what = `account conflict: the Secret shop/wx-token holds ${OTHER} under shop`;
    expect(warnings).toEqual([
      {
        message: `${what}, but this daemon has ${ACCOUNT}; the leader pod-2 decides; what is published here stays, and is not refreshed`,
        fields: {
          credential: 'shop',
          advice: expect.objectContaining({
            en: expect.stringMatching(/the same configuration and AppSecrets/),
          }),
        },
      },
    ]);
    say(theirs('weixin/stable-token/third', 2));
    await reader.read();
    expect(warnings).toHaveLength(2);
  });
});

describe('disputes about a record in a Secret', () => {
  it('what cannot be read is disputed, and what can be read or is not there is not', () => {
    const { reader } = reading({});
    expect(reader.isDisputed({})).toBe(false);
    expect(reader.isDisputed({ value: 'eA==' })).toBe(false);
    expect(reader.isDisputed(partOf(recordOf(2, token('a'))))).toBe(false);
    expect(reader.isDisputed({ record: '{' })).toBe(true);
    expect(reader.isDisputed(partOf({ ...recordOf(2), account: OTHER }))).toBe(true);
  });
});
