import { describe, expect, it } from 'vitest';
import { basesAmong, isSettled, needsAPerson, whyUnpublished } from '../../src/core/publication.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { PASSING_FAULT, type Story, TARGET, tell, token } from '../support/story.ts';
import { viewOf } from '../support/view.ts';

const REFUSED = { class: 'refused', code: 'errcode', message: 'WeChat refuses', errcode: 40125 } as const;

const isOver = (story: Story, left: number) => isSettled(viewOf(story), story.clock.now(), left);

/** A token, and a ticket that is fetched with it. */
function pair() {
  const base = tell('stable-token');
  const ticket = tell('jsapi', {}, 0.5, base.clock);
  return {
    base,
    view: () => ({
      ...viewOf(ticket, { id: 'shop-jsapi', kind: 'jsapi', base: 'shop' }),
      step: ticket.plan(base.state()).step,
    }),
  };
}

describe('waiting for a publication', () => {
  it('waiting goes on while there is something to do and ends with the publication', () => {
    const story = tell('stable-token');
    expect(isOver(story, MINUTE)).toBe(false);
    story.fetch(token('a'));
    expect(isOver(story, MINUTE)).toBe(false);
    story.publish();
    expect(isOver(story, MINUTE)).toBe(true);
  });

  it.each(['refused', 'confirmation'] as const)('a failure of class %s ends the waiting', (kind) => {
    const story = tell('stable-token');
    story.fail({ ...REFUSED, class: kind });
    expect(isOver(story, MINUTE)).toBe(true);
    expect(needsAPerson(story.state().attempts.failure)).toBe(true);
  });

  it('a passing failure ends the waiting only if the next attempt comes too late', () => {
    const story = tell('stable-token');
    story.fail();
    const { step } = story.plan();
    const ms = step.kind === 'wait' ? step.ms : Number.NaN;
    expect(isOver(story, ms)).toBe(false);
    expect(isOver(story, ms - 1)).toBe(true);
    expect(needsAPerson(story.state().attempts.failure)).toBe(false);
  });

  it('a target that failed ends the waiting only if it is tried again too late', () => {
    const story = tell('stable-token');
    story.fetch(token('a'));
    story.happen({
      type: 'unpublished',
      target: TARGET,
      failure: { ...PASSING_FAULT, code: 'disk-full' },
    });
    const [target] = story.state().targets;
    const dueIn = (target?.dueAt ?? 0) - story.clock.now().monotonic;
    expect(dueIn).toBeGreaterThan(0);
    expect(isOver(story, dueIn)).toBe(false);
    expect(isOver(story, dueIn - 1)).toBe(true);
  });

  it.each(['component', 'wecom-suite'] as const)(
    'a %s that waits for a push waits to the end, since one may come at any time',
    (type) => {
      const story = tell(type);
      if (type === 'component') {
        const record = { ...story.state().record, generation: 1, pushStartedAt: story.clock.now().wall };
        story.happen({ type: 'push-starting', record });
        story.happen({ type: 'observed', record });
        story.happen({ type: 'push-started' });
      } else story.plan();
      const view = viewOf(story);
      expect(view.step).toMatchObject({ kind: 'wait', why: 'pushed-ticket' });
      expect(isOver(story, 0)).toBe(false);
      expect(isOver(story, MINUTE)).toBe(false);
      const why = whyUnpublished(view, story.clock.now());
      expect(why.message).toContain('no ticket has come');
      expect(why.advice).toBeUndefined();
      const received = { ...view, unit: { ...view.unit, isReceived: true } } as const;
      expect(whyUnpublished(received, story.clock.now()).advice).toContain('once opens no receiver');
    },
  );

  it('a ticket without a token settles when its token does', () => {
    const { base, view } = pair();
    const isTicketOver = () => isSettled(view(), base.clock.now(), MINUTE, viewOf(base));
    expect(isTicketOver()).toBe(false);
    base.fail(REFUSED);
    expect(isTicketOver()).toBe(true);
  });

  it('the token of a ticket is found by the id of its unit', () => {
    const { base, view } = pair();
    const [token, ticket] = [viewOf(base), view()];
    const baseOf = basesAmong([token, ticket]);
    expect(baseOf(ticket)).toBe(token);
    expect(baseOf(token)).toBeUndefined();
  });
});

describe('the reason why a credential is not published', () => {
  const why = (story: Story, leader?: string) =>
    whyUnpublished({ ...viewOf(story), ...(leader !== undefined && { leader }) }, story.clock.now());

  it('the failure is the reason, unless our own end caused it', () => {
    const story = tell('stable-token');
    story.fail({ message: 'no answer from the platform' });
    expect(why(story)).toMatchObject({ message: 'no answer from the platform' });
    story.clock.pass(10 * SECOND);
    story.fail({ code: 'aborted' });
    expect(why(story)).toEqual({ message: 'timed out', zh: { message: '超时' } });
  });

  it('a leader that brought nothing is named', () => {
    expect(why(tell('stable-token'), 'pod-b')).toEqual({
      message: 'timed out: pod-b leads and delivered nothing',
      advice: 'look at the log of pod-b',
      zh: { message: '超时：leader 是 pod-b，它没有给出任何内容', advice: '查看 pod-b 的日志' },
    });
  });

  it('a ticket without a token says whether WeChat refused the token', () => {
    const { base, view } = pair();
    const reason = () => whyUnpublished(view(), base.clock.now(), viewOf(base)).message;
    expect(reason()).toBe('it needs the token, which did not come');
    base.fail(REFUSED);
    expect(reason()).toBe('it needs the token, which WeChat refused');
  });
});
