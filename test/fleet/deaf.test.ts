import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workbench } from '../e2e/workbench.ts';
import { eventually } from '../support/wait.ts';
import { expectEverywhere, fleet, tell } from './fleet.ts';
import { inNamespaces, needs, startWrapped } from './wrapped.ts';

/** What runs out: a user namespace of its own has limits of its own. */
const LIMITS = ['max_inotify_instances', 'max_inotify_watches'] as const;

describe.concurrent('G5: exhausted inotify limits', () => {
  it.for(LIMITS)(
    '`once` ends as soon as it has published although %s is used up',
    async (limit, { onTestFinished, skip }) => {
      const without = inNamespaces(['-U', '-r'], `echo 0 > /proc/sys/user/${limit}`);
      needs(without, 'use up inotify in a user namespace', skip);
      const bench = await workbench(onTestFinished);
      const deaf = startWrapped(without, ['once', '--timeout', '10m'], bench.env(), onTestFinished);

      expect(await deaf.exited).toEqual({ code: 0, signal: null });
      expect(await bench.token()).toMatch(/^\d+_/);
      expect(await bench.fetches()).toHaveLength(1);
    },
  );

  it.for(LIMITS)(
    'a daemon learns of new tokens although %s is used up',
    async (limit, { onTestFinished, skip }) => {
      const without = inNamespaces(['-U', '-r'], `echo 0 > /proc/sys/user/${limit}`);
      needs(without, 'use up inotify in a user namespace', skip);
      const group = await fleet(onTestFinished, { type: 'access-token', size: 1 });
      const [caller] = group.members;
      const file = join(group.folder, 'deaf', 'token');
      const env = group.env({
        WXTOKEN_TYPE: 'access-token',
        WXTOKEN_STATE_DIR: group.stateDir,
        WXTOKEN_FILE: file,
      });
      await eventually(async () => (await group.journal.fetches()).length === 1, { for: 'the first token' });
      const deaf = startWrapped(without, [], env, onTestFinished);
      await deaf.logged(/^adopted a stored token/);

      caller?.signal('SIGHUP');
      await eventually(async () => (await group.journal.fetches()).length === 2, { for: 'the next token' });
      const minted = performance.now();
      const calls = await group.journal.fetches();
      await expectEverywhere([file], calls[1]?.tokenSha256 ?? null);
      tell(
        `${limit}: a new token is in the file of a deaf daemon after ${Math.round(performance.now() - minted)} ms`,
      );

      deaf.signal('SIGTERM');
      expect(await deaf.exited).toEqual({ code: 0, signal: null });
      expect(await group.journal.fetches()).toHaveLength(2);
    },
  );
});
