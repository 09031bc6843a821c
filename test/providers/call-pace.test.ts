import { describe, expect, it } from 'vitest';
import { SECOND } from '../../src/core/time.ts';
import { createCallPace, createCallPaces, paced } from '../../src/providers/call-pace.ts';
import type { TransportAnswer } from '../../src/providers/transport.ts';
import { fakeClock } from '../support/clock.ts';

describe('calls for the accounts of one third party', () => {
  it('ten leave within a second, whoever makes them and however many wait', async () => {
    const clock = fakeClock();
    const start = clock.now().monotonic;
    const waited: number[] = [];
    const turn = createCallPace({ clock, shared: async () => 0, wait: async (ms) => void waited.push(ms) });
    const left: number[] = [];
    for (let call = 0; call < 45; call += 1) {
      // Each other call is made while those before it still wait.
      if (call % 2 === 0) clock.pass(30);
      waited.length = 0;
      await turn();
      left.push(clock.now().monotonic - start + (waited[0] ?? 0));
    }
    for (const at of left)
      expect(left.filter((other) => other >= at && other < at + SECOND).length).toBeLessThanOrEqual(10);
    expect(left.toSorted((one, other) => one - other)).toEqual(left);
  });

  it('a call that comes after a pause leaves at once', async () => {
    const clock = fakeClock();
    const waits: number[] = [];
    const turn = createCallPace({ clock, shared: async () => 0, wait: async (ms) => void waits.push(ms) });
    for (let call = 0; call < 10; call += 1) await turn();
    clock.pass(2 * SECOND);
    await turn();
    expect(waits).toEqual([]);
  });

  it('a call waits while other daemons have all turns, and those behind it leave after it', async () => {
    const answers = [40, 40, 0, 0];
    const waits: number[] = [];
    const turn = createCallPace({
      clock: fakeClock(),
      shared: async () => answers.shift() ?? 0,
      wait: async (ms) => void waits.push(ms),
    });
    const left: string[] = [];
    await Promise.all([turn().then(() => left.push('first')), turn().then(() => left.push('second'))]);
    expect(left).toEqual(['first', 'second']);
    expect(waits).toEqual([40, 40]);
    expect(answers).toEqual([]);
  });

  it('where the daemons cannot agree, this one keeps the pace by itself', async () => {
    const waits: number[] = [];
    const shared = () => Promise.reject(new Error('the volume is full'));
    const turn = createCallPace({ clock: fakeClock(), shared, wait: async (ms) => void waits.push(ms) });
    for (let call = 0; call < 11; call += 1) await turn();
    expect(waits).toEqual([SECOND + 100]);
  });

  it('a call that is not to be made any more takes no turn, and holds up nobody', async () => {
    const ended = new AbortController();
    let isFree = false;
    let asked = 0;
    const turn = createCallPace({
      clock: fakeClock(),
      shared: async () => {
        asked += 1;
        return isFree ? 0 : 40;
      },
      async wait() {
        ended.abort();
        isFree = true;
      },
    });
    await Promise.all([turn(ended.signal), turn(ended.signal), turn()]);
    expect(asked).toBe(2);
  });

  it('third parties do not wait for each other, and each request waits for its turn', async () => {
    const taken: string[] = [];
    const paceOf = createCallPaces(fakeClock(), async (name) => {
      taken.push(name);
      return 0;
    });
    expect(paceOf('one')).toBe(paceOf('one'));
    const sent: string[] = [];
    const answer: TransportAnswer = { status: 200, text: '' };
    const transport = {
      async send(origin: string) {
        sent.push(`${origin} after ${taken.join(' and ')}`);
        return answer;
      },
      close: async () => {},
    };
    const request = { method: 'GET', path: '/', signal: new AbortController().signal } as const;
    await paced(transport, paceOf('one')).send('a', request);
    await paced(transport, paceOf('other')).send('b', request);
    expect(sent).toEqual(['a after one', 'b after one and other']);
  });
});
