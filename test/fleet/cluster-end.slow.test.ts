import { describe, expect, it } from 'vitest';
import { cluster, handOver, USUAL } from './cluster.ts';

describe.concurrent('shutdown of a leader', () => {
  it('a leader that ends gives the Lease back even when each API call takes 700 ms', async ({
    onTestFinished,
  }) => {
    const group = await cluster(onTestFinished, { size: 2, times: USUAL });
    const leader = await group.leader();
    await group.settled();
    for (let call = 0; call < 20; call += 1) group.shop.server.next({ kind: 'delay', ms: 700 });
    await handOver(group, leader, 'SIGTERM');
    expect(await leader.exited).toEqual({ code: 0, signal: null });
    expect(leader.log().some(({ message }) => message.startsWith('released the Lease'))).toBe(true);
  });

  it('a leader that cannot give the Lease back warns about it and still exits with 0', async ({
    onTestFinished,
  }) => {
    const group = await cluster(onTestFinished, { size: 1 });
    const leader = await group.leader();
    await group.settled();
    group.shop.server.freeze();
    // The server stands still until the end of the test: whoever waited for it would never end.
    leader.signal('SIGTERM');
    expect(await leader.exited).toEqual({ code: 0, signal: null });
    const last = leader.log().find(({ message }) => message.startsWith('could not release the Lease'));
    expect(last).toMatchObject({ level: 'warn', error: expect.any(String) });
    expect(leader.log().some(({ message }) => /^released the Lease/.test(message))).toBe(false);
    group.shop.server.thaw();
  });
});
