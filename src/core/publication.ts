import { type Failure, toldWith } from './failure.ts';
import type { Step, View } from './plan.ts';
import { isPublished, liveToken, obstacle, type State } from './state/index.ts';
import { en, type Text, zh } from './text.ts';
import type { Instant } from './time.ts';

/** Why a credential is not published, for people, and what they can do about it. */
export type Obstacle = Pick<Failure, 'message' | 'advice' | 'zh'>;

const NO_TICKET: Text = {
  en: 'timed out: no ticket has come from the platform',
  zh: '超时：平台还没有推送 ticket',
};
const NO_RECEIVER: Text = {
  en: 'once opens no receiver, and pushes come every 10 minutes: let the daemon (run) start first, which receives and keeps the ticket, in Kubernetes as a native sidecar and not behind an init container; once then finds the ticket beside the state',
  zh: 'once 不打开接收端，而推送每 10 分钟一次：请先启动守护进程（run），由它接收并保存 ticket；在 Kubernetes 里用原生 sidecar，不要放在 init container 之后；之后 once 会在状态旁边找到 ticket',
};
const TIMED_OUT: Text = { en: 'timed out', zh: '超时' };

/**
 * Tells whether waiting longer would not change whether a unit gets published: it is published and has nothing to do, a
 * person must act, or its next attempt comes too late.
 * @param left ms that the caller can still wait
 * @param base the view of the token that a ticket is fetched with: a ticket that waits for its token settles with it
 */
export function isSettled({ state, step }: View, now: Instant, left: number, base?: View): boolean {
  if (base && lacksToken(step)) return !liveToken(base.state, now) && isSettled(base, now, left);
  if (isPublished(state, now)) return step.kind === 'wait';
  if (needsAPerson(obstacle(state, now))) return true;
  // Nobody knows when a push comes, so the moment of the next look says nothing.
  if (step.kind !== 'wait' || step.why === 'pushed-ticket') return false;
  return liveToken(state, now) ? msToNextPublication(state, now) > left : step.ms > left;
}

/**
 * Says why a unit is not published by a process that publishes once and ends.
 * @param base the view of the token that a ticket is fetched with: advice about the token is given there
 */
export function whyUnpublished({ unit, state, step, leader }: View, now: Instant, base?: View): Obstacle {
  if (base && lacksToken(step)) {
    const failure = obstacle(base.state, now);
    const refused = needsAPerson(failure) && failure?.errcode !== undefined;
    return toldWith({
      message: {
        en: `it needs the token, which ${refused ? 'WeChat refused' : 'did not come'}`,
        zh: `它需要 token，而${refused ? '微信拒绝了' : ' token 没有到来'}`,
      },
    });
  }
  const failure = obstacle(state, now);
  if (failure && failure.code !== 'aborted') return failure;
  if (step.kind === 'wait' && step.why === 'pushed-ticket')
    return toldWith({ message: NO_TICKET, ...(unit.isReceived && { advice: NO_RECEIVER }) });
  if (leader === undefined) return toldWith({ message: TIMED_OUT });
  return toldWith({
    message: {
      en: en`${TIMED_OUT}: ${leader} leads and delivered nothing`,
      zh: zh`${TIMED_OUT}：leader 是 ${leader}，它没有给出任何内容`,
    },
    advice: { en: `look at the log of ${leader}`, zh: `查看 ${leader} 的日志` },
  });
}

/** Tells whether trying again is in vain until a person has acted at the platform. */
export function needsAPerson(failure: Failure | undefined): boolean {
  return failure?.class === 'refused' || failure?.class === 'confirmation';
}

/**
 * Indexes views by unit.
 * @returns a function that finds the view of the token that a ticket is fetched with; undefined for a token
 */
export function basesAmong(views: readonly View[]): (view: View) => View | undefined {
  const known = new Map(views.map((view) => [view.unit.id, view]));
  return ({ unit }) => (unit.base === undefined ? undefined : known.get(unit.base));
}

function lacksToken(step: Step): boolean {
  return step.kind === 'wait' && step.why === 'token';
}

/** Milliseconds until the next target that does not hold the current token is tried again. */
function msToNextPublication({ targets, record }: State, now: Instant): number {
  const behind = targets.filter(({ generation }) => generation !== record.token?.generation);
  return Math.min(...behind.map(({ dueAt }) => dueAt - now.monotonic));
}
