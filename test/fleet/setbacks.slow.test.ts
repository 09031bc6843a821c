import { describe, expect, it } from 'vitest';
import { TYPES } from '../e2e/workbench.ts';
import { eventually } from '../support/wait.ts';
import { ticks } from './feedback.ts';
import { fleet } from './fleet.ts';

describe.concurrent('G5: refusals on a shared state folder', () => {
  for (const { what, errcode, most } of [
    { what: 'for the rest of the day', errcode: 45009, most: 1 },
    { what: 'until an administrator confirms', errcode: 89501, most: 1 },
    // Someone may have added the address, so each that starts may try it.
    { what: 'over the IP whitelist', errcode: 40164, most: 4 },
  ]) {
    it.for(TYPES)(
      `a refusal ${what} lets at most ${most} of four daemons call for the %s`,
      async (type, { onTestFinished }) => {
        const group = await fleet(onTestFinished, { type, size: 0 });
        await group.sandbox.faults([{ kind: 'errcode', errcode }]);
        const members = Array.from({ length: 4 }, (_, index) =>
          group.join(`${group.folder}/app-${index}/token`),
        );
        await eventually(async () => (await group.journal.fetches()).length > 0, { for: 'a call' });
        await ticks(group.feedbackDir, 6);

        expect((await group.journal.fetches()).length).toBeLessThanOrEqual(most);
        for (const member of members)
          expect(member.log().filter(({ level }) => level === 'error').length).toBeLessThan(3);
      },
    );
  }

  it('a refusal for the rest of the day outlasts a restart, and a HUP tries once', async ({
    onTestFinished,
  }) => {
    const group = await fleet(onTestFinished, { type: 'stable-token', size: 0 });
    await group.sandbox.faults([{ kind: 'errcode', errcode: 45009 }]);
    const file = `${group.folder}/app/token`;
    const first = group.join(file);
    await first.logged(({ errcode }) => errcode === 45009);
    first.signal('SIGTERM');
    await first.exited;
    const { code, log } = await group.once({ WXTOKEN_STATE_DIR: group.stateDir }, ['--timeout', '10s']);
    expect(code).toBe(75);
    expect(log().at(-1)?.message).toMatch(/^not published: 45009/);
    expect(await group.journal.fetches()).toHaveLength(1);

    const again = group.join(file);
    await again.logged(({ message }) => message === 'started');
    again.signal('SIGHUP');
    await again.logged(({ errcode }) => errcode === 45009);
    await ticks(group.feedbackDir, 3);
    expect(await group.journal.fetches()).toHaveLength(2);
  });

  it('a restart tries again after a whitelist refusal, since the address may have been added', async ({
    onTestFinished,
  }) => {
    const group = await fleet(onTestFinished, { type: 'stable-token', size: 0 });
    await group.sandbox.faults([{ kind: 'errcode', errcode: 40164 }]);
    const first = group.join(`${group.folder}/app/token`);
    await first.logged(({ errcode }) => errcode === 40164);
    first.signal('SIGTERM');
    await first.exited;
    await group.sandbox.faults([]);
    expect((await group.once({ WXTOKEN_STATE_DIR: group.stateDir })).code).toBe(0);
  });
});
