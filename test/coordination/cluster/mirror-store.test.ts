import { describe, expect, it } from 'vitest';
import { encodeEntry } from '../../../src/codec/details.ts';
import { storedOf } from '../../../src/codec/record.ts';
import { keysOf } from '../../../src/codec/secret-layout.ts';
import { mirrorStore } from '../../../src/coordination/cluster/mirrors.ts';
import { MINUTE } from '../../../src/core/time.ts';
import { fakeClock } from '../../support/clock.ts';
import { token } from '../../support/story.ts';
import { type Content, fakeCache, fault, recordOf, SUBJECT } from './fake-secret.ts';

const KEYS = keysOf('shop', 'token');
const LIFE = 7_200_000;

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** What a writer keeps of a token. */
function entryOf(value: string, generation = 700): Content {
  const { token: written } = recordOf(generation, value);
  if (!written) throw new TypeError('no token');
  return { data: { [KEYS.entry]: base64(encodeEntry(written, SUBJECT)) } };
}

const LAST_FAILURE = {
  failure: { class: 'refused', code: 'wx-40164', message: 'not on the whitelist' },
  ...{ at: 1, until: 1, failures: 3, since: 1 },
} as const;

const recordText = (changes: object = {}) =>
  JSON.stringify({ ...storedOf(recordOf(3)), setback: LAST_FAILURE, ...changes });

function mirroring(content?: Content) {
  const fake = fakeCache(content);
  const clock = fakeClock();
  const options = { account: 'mirror/shop/wx-token/shop', credential: 'shop', kind: 'token' } as const;
  const mirror = mirrorStore({ ...options, cache: fake.cache, clock });
  return {
    ...{ ...fake, fake, clock, mirror },
    /** The writer writes, and it is heard of. */
    say(changes: Content) {
      fake.write(changes);
      fake.hear();
    },
  };
}

describe('what a mirror reads', () => {
  it('the token of another program is read as the first record of ours', async () => {
    const { mirror, asked } = mirroring(entryOf(token('a')));
    const { token: written } = recordOf(1, token('a'));
    expect(await mirror.read()).toEqual({
      ...{ account: 'mirror/shop/wx-token/shop', generation: 1, token: written },
      ...{ ledger: { fetches: [], forced: [], since: 0 }, secrets: [] },
    });
    expect(asked).toEqual(['ready']);
    expect(mirror.syncedAt?.()).toBe(77);
  });

  it('each change counts as a generation, also where the writer counts anew', async () => {
    const { mirror, say } = mirroring(entryOf(token('a')));
    const generation = async () => (await mirror.read())?.generation;
    expect([await generation(), await generation()]).toEqual([1, 1]);
    say(entryOf(token('b'), 2));
    expect(await mirror.read()).toMatchObject({ generation: 2, token: { generation: 2 } });
    say({ data: { other: 'eA==' } });
    expect(await generation()).toBe(2);
    say(entryOf(token('a')));
    expect(await generation()).toBe(3);
  });

  it('whose token it is is known once it has been read', async () => {
    const { mirror } = mirroring(entryOf(token('a')));
    expect(mirror.source()).toEqual({ type: 'mirror', appId: '' });
    await mirror.read();
    expect(mirror.source()).toEqual({ type: 'stable-token', appId: 'wx0000000000000000' });
  });

  it('a mirror neither writes nor locks', async () => {
    const { mirror } = mirroring(entryOf(token('a')));
    const lease = { held: async () => true, release: async () => {} };
    await expect(mirror.write(recordOf(1), lease)).rejects.toThrow('a mirror writes nothing');
    expect(await mirror.lock('fetch')).toBeUndefined();
  });
});

describe('why a mirror reads nothing', () => {
  it('a Secret that is not there is named', async () => {
    const { mirror } = mirroring();
    await expect(mirror.read()).rejects.toMatchObject({
      code: 'kube-missing',
      message: 'the Secret shop/wx-token does not exist',
      failure: { class: 'passing', effect: 'none' },
    });
  });

  it('a Secret that could not be read says why', async () => {
    const { mirror, fake } = mirroring();
    fake.failure = fault('kube-forbidden').failure;
    await expect(mirror.read()).rejects.toMatchObject({ code: 'kube-forbidden', name: 'EdgeError' });
  });

  it('a Secret that is known is read though the last look at it failed', async () => {
    const { mirror, fake } = mirroring(entryOf(token('a')));
    fake.failure = fault('kube-timeout').failure;
    expect(await mirror.read()).toMatchObject({ generation: 1 });
  });

  it('an empty Secret is said to be empty, with advice', async () => {
    const { mirror } = mirroring({});
    await expect(mirror.read()).rejects.toMatchObject({
      code: 'source-empty',
      message: 'the Secret shop/wx-token does not hold shop yet',
      failure: {
        ...{ class: 'passing', effect: 'none' },
        advice: 'is the daemon that writes it running, and is the credential called so there?',
      },
    });
  });

  it('the credentials that a Secret holds instead are named, ten at most', async () => {
    const { mirror, say } = mirroring({
      data: {
        'corp.json': 'e30=',
        corp: 'eA==',
        'club.json': 'e30=',
        'club.jsapi.json': 'e30=',
        'a.json.b': '',
      },
    });
    await expect(mirror.read()).rejects.toThrow(/ does not hold shop yet; there are corp, club$/);
    say({ data: Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`n${index}.json`, 'e30='])) });
    await expect(mirror.read()).rejects.toThrow(/; there are corp, club, n0, n1, n2, n3, n4, n5, n6, n7$/);
  });

  it('details that cannot be used are named with the reason', async () => {
    const { mirror, say } = mirroring({ data: { [KEYS.entry]: base64('{}') } });
    const where = 'shop.json of the Secret shop/wx-token cannot be used';
    const failure = { class: 'passing', effect: 'none' };
    await expect(mirror.read()).rejects.toMatchObject({
      ...{ code: 'source-odd', message: `${where}: not the details of a credential`, failure },
    });
    await expect(mirror.read()).rejects.not.toHaveProperty('failure.advice');
    say({ data: { [KEYS.entry]: base64('{') } });
    await expect(mirror.read()).rejects.toMatchObject({ message: `${where}: not JSON` });
  });

  it('a token that has ended is reported at the moment of its end', async () => {
    const { mirror, clock } = mirroring(entryOf(token('a')));
    clock.pass(LIFE - 1);
    expect(await mirror.read()).toMatchObject({ generation: 1 });
    clock.pass(1);
    await expect(mirror.read()).rejects.toMatchObject({
      code: 'source-dead',
      message: 'shop of the Secret shop/wx-token has expired and was not replaced',
      failure: { class: 'passing', advice: 'look at the daemon that writes it' },
    });
  });
});

describe('what a mirror says of its writer', () => {
  it('a failure of the writer is passed on, and its token is read though it has ended', async () => {
    const { mirror, clock, say } = mirroring(entryOf(token('a')));
    expect(await mirror.read()).not.toHaveProperty('lastFailure');
    say({ annotations: { [KEYS.record]: recordText() } });
    clock.pass(LIFE + MINUTE);
    expect(await mirror.read()).toMatchObject({ lastFailure: LAST_FAILURE, generation: 1 });
  });

  it('an authorisation that is gone is that of the token which the writer had then, by the number it has here', async () => {
    const { mirror, say } = mirroring(entryOf(token('a')));
    const said = (generation: number) => ({
      annotations: {
        [KEYS.record]: recordText({ setback: { ...LAST_FAILURE, unauthorised: { generation, at: 5 } } }),
      },
    });
    say(said(700));
    const read = await mirror.read();
    expect(read?.lastFailure?.unauthorised).toEqual({ generation: read?.token?.generation, at: 5 });
    say(said(699));
    expect((await mirror.read())?.lastFailure).not.toHaveProperty('unauthorised');
  });

  it('a failure is found in a record that has a token, of which the annotation holds no value', async () => {
    const { mirror, say } = mirroring(entryOf(token('a')));
    const bare = { sha256: 'x', expiresIn: 7200, generation: 3 };
    say({ annotations: { [KEYS.record]: recordText({ token: bare }) } });
    expect(await mirror.read()).toMatchObject({ lastFailure: LAST_FAILURE });
  });

  it.for(['{', 'null', '{}', recordText({ version: 2 })])(
    'a record that nobody can read says nothing of the writer: %s',
    async (record) => {
      const { mirror } = mirroring({ ...entryOf(token('a')), annotations: { [KEYS.record]: record } });
      const read = await mirror.read();
      expect(read).toMatchObject({ generation: 1 });
      expect(read).not.toHaveProperty('lastFailure');
    },
  );
});
