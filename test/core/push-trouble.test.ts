import { describe, expect, it } from 'vitest';
import type { PushReport } from '../../src/core/events/push.ts';
import { type LostPushes, pushTrouble, withPush } from '../../src/core/push-trouble.ts';

const refused = (refusal: PushReport['refusal'] & string): PushReport => ({
  ...{ verdict: 'refused', credential: 'platform', dialect: 'open-platform', refusal },
});
const TAKEN: PushReport = { verdict: 'ticket', credential: 'platform', dialect: 'open-platform' };

/** What is left of pushes, one a second. */
function lostAfter(...reports: readonly PushReport[]): LostPushes | undefined {
  let lost: LostPushes | undefined;
  for (const [second, report] of reports.entries()) lost = withPush(lost, report, second * 1000);
  return lost;
}

describe('pushes that are not taken', () => {
  it('those of one reason are counted, since the first of them', () => {
    const lost = lostAfter(refused('decryption'), refused('decryption'), refused('decryption'));
    expect(lost).toMatchObject({ why: 'decryption', count: 3, since: 0 });
  });

  it('one that is taken ends them', () => {
    expect(lostAfter(refused('signature'), TAKEN)).toBeUndefined();
    expect(lostAfter(refused('decryption'), { ...TAKEN, verdict: 'ignored' })).toBeUndefined();
  });

  it('what anybody can send does not hide what the platform sends', () => {
    const lost = lostAfter(refused('decryption'), refused('signature'), refused('signature'));
    expect(lost).toMatchObject({ why: 'decryption', count: 1 });
    expect(lostAfter(refused('signature'), refused('decryption'))).toMatchObject({
      why: 'decryption',
      since: 1000,
    });
  });

  it('one that could not be kept says why', () => {
    const failed: PushReport = { ...TAKEN, verdict: 'failed', problem: 'no space is left' };
    const trouble = pushTrouble('none', lostAfter(failed), { canStart: true });
    expect(trouble).toMatchObject({ code: 'push-failed', lost: { count: 1, since: 0 } });
    expect(trouble?.message.en).toContain('no space is left');
  });

  it.each([
    ['signature', 'tokenFile', '消息校验Token'],
    ['decryption', 'encodingAesKeyFile', '消息加解密Key'],
    ['content', 'another account', 'appId'],
    ['time', 'another time', 'clock'],
  ] as const)(
    'a wrong %s is told with what holds it, and where its like is shown',
    (refusal, what, where) => {
      const trouble = pushTrouble('none', lostAfter(refused(refusal)), { canStart: true });
      expect(trouble?.code).toBe(`push-${refusal}`);
      expect(trouble?.message.en).toContain(what);
      expect(trouble?.advice.en).toContain(where);
    },
  );

  it('while tickets come, only what is signed and yet not taken is told', () => {
    expect(pushTrouble('flowing', lostAfter(refused('signature')), { canStart: true })).toBeUndefined();
    expect(pushTrouble('flowing', lostAfter(refused('decryption')), { canStart: true })).toBeDefined();
    expect(pushTrouble('flowing', undefined, { canStart: true })).toBeUndefined();
  });

  it.each(['none', 'quiet', 'ending'] as const)('pushes that are %s come with advice', (standing) => {
    expect(pushTrouble(standing, undefined, { canStart: true })).toMatchObject({
      code: `pushes-${standing}`,
      advice: { en: expect.stringContaining('answered with success') },
    });
    const suite = pushTrouble(standing, undefined, { canStart: false });
    expect(suite?.advice.en).toContain('刷新ticket');
  });
});
