import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { decodeSnapshot, encodeSnapshot } from '../../../src/observability/status/snapshot.ts';
import { statusOf } from '../../../src/observability/status/status.ts';
import { fakeClock } from '../../support/clock.ts';
import { PASSING_FAULT, tell, token } from '../../support/story.ts';
import { viewOf } from '../../support/view.ts';

describe('snapshots', () => {
  it('a snapshot is read back as it was written, with every error in it', async () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.fail({ ...PASSING_FAULT, advice: 'wait', errcode: -1, rid: '6a-7b' });
    story.happen({ type: 'unpublished', target: 'file:/var/run/wx/token', failure: PASSING_FAULT });
    story.happen({ type: 'unstored', failure: { ...PASSING_FAULT, message: 'no \u202eroom\u001b[2J' } });
    const [view, now] = [viewOf(story), story.clock.now()];
    const views = [view, viewOf(tell('jsapi'), { kind: 'jsapi' })];
    const encoded = await text(encodeSnapshot(views, now, false, { servers: [] }));
    expect(encoded).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(encoded).not.toContain(token('a'));
    const { at, credentials } = decodeSnapshot(encoded);
    expect(at).toBe(now.wall / 1000);
    expect(credentials[0]).toEqual(statusOf(view, now));
    expect(credentials[1]).toMatchObject({ kind: 'jsapi', state: 'missing' });
  });

  it('a snapshot of two thousand credentials gives everything else its turn while it is made', async () => {
    const view = viewOf(tell('stable-token'));
    const views = Array.from({ length: 2000 }, () => view);
    let turns = 0;
    let isOver = false;
    const turn = () => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    const encoded = await text(encodeSnapshot(views, fakeClock().now(), true, { servers: [] }));
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(7);
    expect(decodeSnapshot(encoded)).toMatchObject({ stopped: true });
    expect(decodeSnapshot(encoded).credentials).toHaveLength(2000);
  });
});
