import { describe, expect, it } from 'vitest';
import { decodePart, encodePart, keysOf, LARGEST_RECORD, patchOf } from '../../src/codec/secret-layout.ts';
import type { Kind } from '../../src/core/credential.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { Secret } from '../../src/core/secret.ts';

const KINDS: readonly Kind[] = ['token', 'jsapi', 'wx_card', 'corp_jsapi', 'agent_config'];
const ACCOUNT = 'weixin/access-token/wx0000000000000000';
const SUBJECT = { name: 'shop', type: 'access-token', appId: 'wx0000000000000000', kind: 'token' } as const;
const NOW = Date.UTC(2026, 0, 1);

/** As long as a record can be: every hour of a day in the ledger, five secrets, and an error that tells a story. */
function longest(): AccountRecord {
  const hours = Array.from({ length: 26 }, (_, hour) => ({ hour: 490_896 + hour, calls: 2000 }));
  const story = '错误'.repeat(1_000);
  const failure = {
    class: 'refused',
    code: 'wx-40164',
    message: story,
    zh: { message: story },
    advice: story,
    rid: 'r'.repeat(64),
  } as const;
  return {
    account: ACCOUNT,
    generation: 1e9,
    ledger: { fetches: hours, forced: hours, lastFetch: NOW, lastForced: NOW, since: NOW },
    intent: { at: NOW, forced: true },
    secrets: Array.from({ length: 5 }, (_, index) => String(index).repeat(32)),
    lastFailure: { failure, fingerprint: 'f'.repeat(32), at: NOW, until: NOW, failures: 1e6, since: NOW },
    token: {
      ...{ value: new Secret('x'.repeat(4096)), expiresIn: 7200, generation: 1e9, platformDate: NOW },
      ...{ issuedAt: NOW, expiresAt: NOW, bootTime: { boot: 'b'.repeat(36), at: 1e9 }, unwitnessed: true },
    },
  };
}

describe('layout of the cluster Secret', () => {
  it('each token and ticket of each credential has keys of its own in the Secret', () => {
    const keys = ['shop', 'shop-json', 'shop-jsapi'].flatMap((name) =>
      KINDS.flatMap((kind) => Object.values(keysOf(name, kind))),
    );
    expect(new Set(keys).size).toBe(keys.length);
    expect(keysOf('shop', 'token')).toEqual({
      ...{ value: 'shop', entry: 'shop.json', grant: 'shop.grant', pushed: 'shop.pushed' },
      ...{ listing: 'shop.listing', codes: 'shop.codes', permanentCodes: 'shop.permanent-codes' },
      ...{ record: 'token.wx-token-sidecar/shop', request: 'request.wx-token-sidecar/shop' },
    });
    expect(keysOf('shop', 'wx_card')).toEqual({
      ...{ value: 'shop.wx_card', entry: 'shop.wx_card.json' },
      ...{ grant: 'shop.wx_card.grant', pushed: 'shop.wx_card.pushed' },
      ...{
        listing: 'shop.wx_card.listing',
        codes: 'shop.wx_card.codes',
        permanentCodes: 'shop.wx_card.permanent-codes',
      },
      ...{ record: 'wx-card.wx-token-sidecar/shop', request: 'request.wx-card.wx-token-sidecar/shop' },
    });
  });

  it('every key is valid in Kubernetes even for the longest credential name', () => {
    for (const kind of KINDS) {
      const { value, entry, record, request } = keysOf('a'.repeat(63), kind);
      for (const key of [value, entry]) expect(key).toMatch(/^[-._a-zA-Z0-9]{1,253}$/);
      for (const annotation of [record, request]) {
        expect(annotation).toMatch(
          /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
        );
      }
    }
  });

  it('a hundred credentials fit into one Secret even with the longest records', () => {
    const part = encodePart(longest(), SUBJECT);
    const bytes = (text = '') => Buffer.byteLength(text);
    expect(bytes(part.record)).toBeLessThanOrEqual(LARGEST_RECORD);
    const request = JSON.stringify({
      id: 'i'.repeat(36),
      refresh: { strength: 'preferred', generation: 1e9 },
      refused: 'f'.repeat(64),
    });
    const names = bytes(keysOf('a'.repeat(63), 'agent_config').record) * 2 + 20;
    expect(100 * (bytes(part.record) + bytes(request) + names)).toBeLessThan(256 * 1024);
    const data =
      Buffer.from(part.value ?? '', 'base64').length + Buffer.from(part.entry ?? '', 'base64').length;
    expect(100 * data).toBeLessThan(1024 * 1024);
  });

  it('a stored credential is read as it was written, except for overlong error texts', () => {
    const { lastFailure, ...rest } = longest();
    expect(decodePart(encodePart(rest, SUBJECT), ACCOUNT)).toEqual(rest);
    const read = decodePart(encodePart(longest(), SUBJECT), ACCOUNT);
    expect(read).toMatchObject({
      ...rest,
      lastFailure: { at: lastFailure?.at, failure: { code: 'wx-40164' } },
    });
  });

  it('an absent record is read as none and an invalid one fails without being quoted', () => {
    expect(decodePart({}, ACCOUNT)).toBeUndefined();
    for (const record of ['', '{', 'null', '7', '[]', '{"token":7}', '{"version":2}']) {
      expect(() => decodePart({ record, value: 'c2VjcmV0' }, ACCOUNT)).toThrow(/^not (JSON|a record)/);
    }
  });

  it('a patch of the Secret contains only what has changed', () => {
    const keys = keysOf('shop', 'token');
    const { token: _none, ...begun } = longest();
    const before = { value: 'eA==', entry: 'e30=' };
    expect(patchOf(encodePart(begun, SUBJECT), before, keys)).toEqual({
      metadata: { annotations: { [keys.record]: expect.any(String) } },
    });
  });
});
