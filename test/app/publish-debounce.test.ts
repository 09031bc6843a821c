import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPublishDebounce, type Published } from '../../src/app/announcer.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const SHOP: Published = { id: 'shop', name: 'shop', kind: 'token' };

function debounce() {
  const told: [string, number][] = [];
  const complete = new Set<string>();
  const made = createPublishDebounce({
    isComplete: ({ id }) => complete.has(id),
    tell: ({ id }, expiresAt) => void told.push([id, expiresAt]),
  });
  return { ...made, told, complete };
}

describe('a change that is written to several targets', () => {
  it('a change is told once, when all targets hold it', () => {
    const { arrived, complete, told } = debounce();
    arrived(SHOP, 'written', 1);
    expect(told).toEqual([]);
    complete.add('shop');
    arrived(SHOP, 'written', 2);
    expect(told).toEqual([['shop', 2]]);
    vi.advanceTimersByTime(10_000);
    expect(told).toHaveLength(1);
  });

  it('a change is told after two seconds where a target does not follow', () => {
    const { arrived, told } = debounce();
    arrived(SHOP, 'written', 1);
    vi.advanceTimersByTime(1_500);
    arrived(SHOP, 'written', 2);
    vi.advanceTimersByTime(499);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual([['shop', 2]]);
  });

  it('a target that follows later is a change of its own', () => {
    const { arrived, complete, told } = debounce();
    arrived(SHOP, 'written', 1);
    vi.advanceTimersByTime(2_000);
    complete.add('shop');
    arrived(SHOP, 'written', 1);
    expect(told).toHaveLength(2);
  });

  it('a target in which only details were mended is no change', () => {
    const { arrived, complete, told } = debounce();
    complete.add('shop');
    arrived(SHOP, 'mended', 1);
    vi.advanceTimersByTime(10_000);
    expect(told).toEqual([]);
  });

  it('a target that was found as it should be is no change, but may complete one', () => {
    const { arrived, complete, told } = debounce();
    arrived(SHOP, 'unchanged', 1);
    vi.advanceTimersByTime(10_000);
    expect(told).toEqual([]);
    arrived(SHOP, 'written', 2);
    complete.add('shop');
    arrived(SHOP, 'unchanged', 3);
    expect(told).toEqual([['shop', 2]]);
  });

  it('what waits is told at once when the daemon ends', () => {
    const { arrived, flush, told } = debounce();
    arrived(SHOP, 'written', 1);
    arrived({ ...SHOP, id: 'other' }, 'written', 2);
    flush();
    flush();
    vi.advanceTimersByTime(10_000);
    expect(told).toEqual([
      ['shop', 1],
      ['other', 2],
    ]);
  });
});
