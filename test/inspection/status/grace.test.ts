import { describe, expect, it } from 'vitest';
import { REFUSED } from '../../../src/core/errcodes/rule.ts';
import { lifeLeft } from '../../../src/core/state/life.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import { PASSING_FAULT, token } from '../../support/story.ts';
import { leftBehind } from '../left-behind.ts';

const SECRET = '0'.repeat(32);
const WECOM = { WXTOKEN_TYPE: 'wecom', WXTOKEN_APPID: 'ww0000000000000000', WXTOKEN_SECRET: SECRET };

/** A ticket that was handed out again a minute before its end. */
async function endingTicket() {
  const left = await leftBehind({ WXTOKEN_TICKETS: 'jsapi' }, 'jsapi');
  const { story, store, publish } = left;
  story.fetch(token('a'));
  await store();
  await publish();
  story.clock.pass(2 * HOUR - MINUTE);
  story.fetch(token('a'));
  await store();
  story.clock.pass(61 * SECOND);
  return left;
}

describe('tokens and tickets that repeat until they end', () => {
  it('a ticket stays fresh around its end until the platform hands out another', async () => {
    const { story, store, publish, status } = await endingTicket();
    for (let time = 0; time < 10; time += 1) {
      expect(lifeLeft(story.state().life, story.clock.now())).toBeGreaterThan(0);
      expect(await status()).toMatchObject({ state: 'fresh', targets: [{ state: 'fresh' }] });
      story.fetch(token('a'));
      await store();
      story.clock.pass(8 * SECOND);
    }
    story.fetch(token('b'));
    await store();
    await publish();
    expect(await status()).toMatchObject({ state: 'fresh', age: expect.closeTo(8, 0) });
  });

  it('a WeCom token stays fresh around its end until the platform hands out another', async () => {
    const { story, store, publish, status } = await leftBehind(WECOM);
    story.fetch(token('a'), 7200);
    await store();
    await publish();
    story.clock.pass(7140 * SECOND);
    story.fetch(token('a'), 60);
    await store();
    story.clock.pass(MINUTE);
    for (let time = 0; time < 5; time += 1) {
      story.clock.pass(4 * SECOND);
      expect((await status()).state).toBe('fresh');
      story.fetch(token('a'), 1);
      await store();
    }
    story.fetch(token('b'), 7200);
    await store();
    await publish();
    expect((await status()).state).toBe('fresh');
  });

  it('a ticket known only from its details file stays fresh shortly after its end', async () => {
    const { story, publish, status } = await leftBehind({ WXTOKEN_TICKETS: 'jsapi' }, 'jsapi');
    story.fetch(token('a'));
    await publish();
    story.clock.pass(2 * HOUR + 10 * SECOND);
    expect((await status()).state).toBe('fresh');
  });

  it('a ticket is dead two minutes after its end when nobody asks again', async () => {
    const { story, status } = await endingTicket();
    story.clock.pass(2 * MINUTE);
    expect((await status()).state).toBe('dead');
  });

  it('an ended ticket is dead a minute after requests for it began to fail', async () => {
    const { story, store, status } = await endingTicket();
    for (let time = 0; time < 3; time += 1) {
      story.fail(PASSING_FAULT);
      await store();
      expect((await status()).state).toBe('fresh');
      story.clock.pass(20 * SECOND);
    }
    expect((await status()).state).toBe('dead');
    expect(lifeLeft(story.state().life, story.clock.now())).toBeLessThanOrEqual(SECOND);
  });

  it('a ticket is dead at its end when requests for it failed before', async () => {
    const { story, store, publish, status } = await leftBehind({ WXTOKEN_TICKETS: 'jsapi' }, 'jsapi');
    story.fetch(token('a'));
    await publish();
    story.clock.pass(2 * HOUR - MINUTE);
    story.fail(PASSING_FAULT);
    await store();
    expect((await status()).state).toBe('fresh');
    story.clock.pass(MINUTE);
    expect((await status()).state).toBe('dead');
  });

  it('an ended ticket is dead when the platform refuses the next one', async () => {
    const { story, store, status } = await endingTicket();
    story.fail({ ...REFUSED, code: 'wx-48001', message: 'unauthorized', effect: 'none' });
    await store();
    expect((await status()).state).toBe('dead');
  });
});
