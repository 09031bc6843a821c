import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import type { Settings } from '../../../src/config/schema/index.ts';
import { applyWithoutRestart, restartRequired } from '../../../src/config/validate/restart-required.ts';
import { verbatim } from '../../../src/core/text.ts';

const RUNNING: Config = {
  schedule: '*/5 * * * * *',
  onHangup: 'refresh',
  stateDir: '/state',
  stateOrigin: 'chosen',
  stateElsewhere: [],
  stateLinks: [],
  stateMode: 0o700,
  coordinated: false,
  log: { level: 'info', format: 'json' },
  inputs: [],
  credentials: [],
};
const NAME = { namespace: 'shop', name: 'wx-token' };
const CLUSTER = {
  lease: { ...NAME, duration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 },
  secret: NAME,
};
const NEXT: Config = { ...RUNNING, cluster: CLUSTER, stateDir: '/other', feedbackDir: '/feedback' };

/** Settings with the keys alone that a restart concerns. */
const settingsOf = ({ cluster, stateDir, feedbackDir }: Config) =>
  ({ cluster, stateDir, feedback: { directory: feedbackDir } }) as unknown as Settings;

describe('settings that need a restart', () => {
  it('every changed setting is named once, with whether the change returns to the running value', () => {
    expect(restartRequired(RUNNING, { ...RUNNING, schedule: '* * * * * *' }, RUNNING)).toEqual([]);
    expect(restartRequired(RUNNING, NEXT, RUNNING)).toEqual([
      { what: { en: 'the cluster', zh: '集群' }, isRunning: false },
      { what: { en: 'the state folder', zh: '状态目录' }, isRunning: false },
      { what: { en: 'the feedback folder', zh: '反馈目录' }, isRunning: false },
    ]);
    expect(restartRequired(NEXT, { ...NEXT, stateDir: '/state' }, RUNNING)).toEqual([
      { what: { en: 'the state folder', zh: '状态目录' }, isRunning: true },
    ]);
  });

  it('an unchanged configuration is not checked again', async () => {
    const check = () => Promise.reject(new Error('checked'));
    await expect(
      applyWithoutRestart({ ...RUNNING, stateMode: 0o770 }, RUNNING, check),
    ).resolves.toMatchObject({ stateMode: 0o770 });
  });

  it('credentials are checked with cluster and folders of the running daemon', async () => {
    let checked: Settings | undefined;
    await applyWithoutRestart(NEXT, RUNNING, async (altered) => {
      checked = altered(settingsOf(NEXT));
      return { credentials: [], problems: [] };
    });
    expect(checked).toEqual({ stateDir: '/state', feedback: { directory: undefined } });
    await applyWithoutRestart(RUNNING, NEXT, async (altered) => {
      checked = altered(settingsOf(RUNNING));
      return { credentials: [], problems: [] };
    });
    expect(checked).toEqual(settingsOf(NEXT));
  });

  it('a problem that only a restart would solve names every setting that changed', async () => {
    const problems = [{ where: verbatim('credentials[0].type'), what: verbatim('needs one refresher') }];
    await expect(
      applyWithoutRestart(NEXT, RUNNING, async () => ({ credentials: [], problems })),
    ).rejects.toThrow(
      'needs a restart, since the cluster, the state folder and the feedback folder cannot change before; ' +
        'as it is now: needs one refresher',
    );
  });
});
