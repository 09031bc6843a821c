import { describe, expect, it } from 'vitest';
import { createSharing } from '../../src/config/sharing.ts';

describe('parts of configurations that are equal', () => {
  it('equal parts are one object, and others stay what they are', () => {
    const share = createSharing();
    const part = { hosts: ['https://a'], timeout: 5000 };
    expect(share(part)).toBe(part);
    expect(share({ hosts: ['https://a'], timeout: 5000 })).toBe(part);
    const other = { hosts: ['https://b'], timeout: 5000 };
    expect(share(other)).toBe(other);
  });

  it('long texts of one length are told apart', () => {
    const share = createSharing();
    const [one, other] = [{ ca: 'a'.repeat(2000) }, { ca: 'b'.repeat(2000) }];
    expect(share(one)).toBe(one);
    expect(share(other)).toBe(other);
    expect(share({ ca: 'a'.repeat(2000) })).toBe(one);
  });

  it('what JSON writes alike is told apart', () => {
    const share = createSharing();
    share({ window: null });
    expect(share({ window: Number.POSITIVE_INFINITY })).toEqual({ window: Number.POSITIVE_INFINITY });
    expect(share({ window: undefined })).toEqual({ window: undefined });
  });
});
