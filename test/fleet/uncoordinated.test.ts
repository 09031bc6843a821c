import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workbench } from '../e2e/workbench.ts';

const IN_KUBERNETES = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
const CLASSIC = { ...IN_KUBERNETES, WXTOKEN_TYPE: 'access-token' };

describe.concurrent('Kubernetes without a shared state folder', () => {
  it('an uncoordinated access-token in Kubernetes is refused at start, with every remedy and no call', async ({
    onTestFinished,
  }) => {
    const { run, fetches, token } = await workbench(onTestFinished);
    const daemon = run(CLASSIC);

    expect(await daemon.exited).toEqual({ code: 78, signal: null });
    for (const remedy of ['stable-token', 'WXTOKEN_STATE_DIR', 'WXTOKEN_ALLOW_UNCOORDINATED=true']) {
      expect(daemon.stderr()).toContain(remedy);
    }
    expect(daemon.stderr()).toMatch(/^wx-token-sidecar: WXTOKEN_TYPE: /);
    expect(await fetches()).toEqual([]);
    expect(await token()).toBeUndefined();
  });

  it('`once` refuses an uncoordinated access-token in Kubernetes without a call', async ({
    onTestFinished,
  }) => {
    const { once, fetches } = await workbench(onTestFinished);

    expect((await once(CLASSIC)).code).toBe(78);
    expect(await fetches()).toEqual([]);
  });

  it.for([
    ['WXTOKEN_ALLOW_UNCOORDINATED=true', () => ({ WXTOKEN_ALLOW_UNCOORDINATED: 'true' })],
    [
      'a state folder of its own choosing',
      (folder: string) => ({ WXTOKEN_STATE_DIR: join(folder, 'state') }),
    ],
  ] as const)('an access-token runs in Kubernetes with %s', async ([, remedy], { onTestFinished }) => {
    const { folder, run, newToken, fetches } = await workbench(onTestFinished);
    const daemon = run({ ...CLASSIC, ...remedy(folder) });
    const first = await newToken();
    daemon.signal('SIGHUP');
    await newToken(first);

    expect(await fetches()).toHaveLength(2);
  });

  it('a HUP never forces a stable-token, however often, and the log says how to', async ({
    onTestFinished,
  }) => {
    const { run, newToken, token, fetches } = await workbench(onTestFinished);
    const daemon = run(IN_KUBERNETES);
    const first = await newToken();
    for (const times of [1, 2, 3]) {
      daemon.signal('SIGHUP');
      const again = () =>
        daemon.log().filter(({ message }) => message.startsWith('the platform returned the same token'))
          .length;
      await daemon.logged(() => again() >= times);
    }

    expect(daemon.log()).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('refresh --force') }),
    );
    expect((await fetches()).map(({ force }) => force)).toEqual([false, false, false, false]);
    expect(await token()).toBe(first);
  });
});
