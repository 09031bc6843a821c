import type { Reason } from '../../core/due.ts';
import type { Step } from '../../core/plan.ts';
import { type Bilingual, en, type Text, zh } from '../../core/text.ts';
import { SECOND } from '../../core/time.ts';

/** A sentence, and the same in a few words. */
export interface StepWords {
  readonly what: string;
  readonly brief: string;
}

/** What the daemon does next and why, for people. */
export interface NextStep extends StepWords, Bilingual<StepWords> {
  /** Seconds until the step. */
  readonly in: number;
  /** The step is due and no daemon runs. Only a process that looks from outside sets this. */
  readonly overdue?: true;
}

/** {@link StepWords} in every language. */
type Words = readonly [what: Text, brief: Text];

const THE_NEXT_ONE: Text = { en: 'the next one', zh: '下一个' };

const WAITS: Readonly<Record<Extract<Step, { kind: 'wait' }>['why'], Words>> = {
  fresh: [{ en: 'asking the platform for the next one', zh: '向微信获取下一个' }, THE_NEXT_ONE],
  backoff: [
    {
      en: 'another try, after the pause that the last failure asks for',
      zh: '再试一次：上次失败之后要先停顿',
    },
    { en: 'another try', zh: '再试' },
  ],
  unready: [
    { en: 'another try: the platform handed out the same one again', zh: '再试一次：微信返回的还是同一个' },
    { en: 'asked again', zh: '再问' },
  ],
  blocked: [
    {
      en: 'another try: another daemon holds the lock, or the state (folder, Secret or Redis) does not work',
      zh: '再试一次：另一个守护进程占着锁，或状态（目录、Secret 或 Redis）不可用',
    },
    { en: 'waits for lock or state', zh: '等锁或状态' },
  ],
  budget: [
    { en: 'a fetch, when the budget of calls allows it', zh: '等调用限额允许时获取' },
    { en: 'budget allows it', zh: '等限额' },
  ],
  lagging: [
    {
      en: 'a try with our own AppSecret, which others have replaced by a newer one',
      zh: '用自己的 AppSecret 试一次，其他守护进程已换用更新的',
    },
    { en: 'old AppSecret', zh: 'AppSecret 过旧' },
  ],
  source: [
    { en: 'reading again what it is mirrored from', zh: '再次读取镜像的来源' },
    { en: 'read its source', zh: '读取来源' },
  ],
  gathering: [
    {
      en: 'one more fetch, for all who asked since the last one began',
      zh: '再获取一次，满足上次开始之后的所有请求',
    },
    { en: 'asked for again', zh: '再次请求' },
  ],
  readers: [
    {
      en: 'the fetch that was asked for: until then readers may hold the token that it kills',
      zh: '所请求的获取：在此之前，读取方可能还拿着会因此失效的 token',
    },
    { en: 'asked for, readers first', zh: '等读取方' },
  ],
  token: [
    { en: 'a fetch, once there is a live token to fetch it with', zh: '有了有效的 token 就获取' },
    { en: 'needs a token', zh: '等 token' },
  ],
  'pushed-ticket': [
    { en: 'a fetch, once the platform has pushed a ticket', zh: '等平台推送 ticket 之后获取' },
    { en: 'needs a ticket', zh: '等 ticket' },
  ],
};

const REASONS: Readonly<Record<Reason, Words>> = {
  authorised: [
    { en: 'the account has authorised again', zh: '账号重新授权了' },
    { en: 'authorised', zh: '已授权' },
  ],
  requested: [
    { en: 'somebody asked for it', zh: '有人请求' },
    { en: 'asked for', zh: '有请求' },
  ],
  missing: [
    { en: 'there is none', zh: '还没有' },
    { en: 'none yet', zh: '还没有' },
  ],
  'new-secret': [
    { en: 'the AppSecret is a new one', zh: 'AppSecret 换新了' },
    { en: 'new AppSecret', zh: '新 AppSecret' },
  ],
  unfinished: [
    { en: 'what became of the last fetch is not known', zh: '不知道上一次获取的结果' },
    { en: 'last one lost', zh: '上次结果不明' },
  ],
  expired: [
    { en: 'it has ended', zh: '已经过期' },
    { en: 'has ended', zh: '已过期' },
  ],
  refused: [
    { en: 'a reader says that the platform refuses it', zh: '读取方上报微信拒绝它' },
    { en: 'refused', zh: '被拒绝' },
  ],
  due: [
    { en: 'it is about to end', zh: '即将过期' },
    { en: 'about to end', zh: '即将过期' },
  ],
  recheck: [
    { en: 'to learn whether it was replaced elsewhere', zh: '查看是否在别处被更换' },
    { en: 'see if replaced', zh: '看是否已更换' },
  ],
};

const SMALL: Readonly<Record<Exclude<Step['kind'], 'wait' | 'fetch'>, Words>> = {
  'start-pushes': [
    { en: 'asking the platform to push tickets again', zh: '请平台重新推送 ticket' },
    { en: 'start pushes', zh: '请求推送' },
  ],
  look: [
    {
      en: 'reading the record, which another daemon may have written',
      zh: '读取记录，它可能已被别的守护进程改写',
    },
    { en: 'read the record', zh: '读取记录' },
  ],
  save: [
    { en: 'writing to the record what it lacks', zh: '把记录里缺的写进去' },
    { en: 'write the record', zh: '写入记录' },
  ],
  settle: [
    { en: 'finding out which of two answers is the newer one', zh: '确定两个应答中哪一个更新' },
    { en: 'compare two answers', zh: '比较两个应答' },
  ],
  probe: [
    { en: 'asking the platform whether it works', zh: '询问微信它是否有效' },
    { en: 'ask if it works', zh: '询问是否有效' },
  ],
  'ask-time': [
    { en: 'asking the platform what time it is', zh: '询问微信的时间' },
    { en: 'ask for the time', zh: '对时' },
  ],
};

/**
 * Says in words what the daemon does next and why, and in how many seconds.
 * @param leader the daemon that fetches for all, if that is another daemon
 */
export function nextStep(step: Step, leader?: string): NextStep {
  const elsewhere = leader === undefined ? undefined : elsewhereBy(leader, step);
  if (elsewhere) return worded(elsewhere, secondsUntil(step));
  if (step.kind === 'wait') return worded(WAITS[step.why], secondsUntil(step));
  if (step.kind !== 'fetch') return worded(SMALL[step.kind]);
  const [why, brief] = REASONS[step.reason];
  return step.forced
    ? worded([
        { en: en`a forced fetch: ${why}`, zh: zh`强制获取：${why}` },
        { en: en`forced, ${brief}`, zh: zh`强制，${brief}` },
      ])
    : worded([
        { en: en`a fetch: ${why}`, zh: zh`获取：${why}` },
        { en: en`fetch, ${brief}`, zh: zh`获取，${brief}` },
      ]);
}

function worded([what, brief]: Words, seconds = 0): NextStep {
  return { in: seconds, what: what.en, brief: brief.en, zh: { what: what.zh, brief: brief.zh } };
}

/** Says what this daemon expects from the leader; undefined for a step that this daemon does itself. */
function elsewhereBy(leader: string, step: Step): Words | undefined {
  const waits: Words = [
    { en: `waits for ${leader}, which leads`, zh: `等待 leader ${leader}` },
    { en: 'waits for leader', zh: '等 leader' },
  ];
  if (step.kind === 'fetch') return waits;
  if (step.kind !== 'wait' || step.why === 'token' || step.why === 'source') return undefined;
  if (step.why !== 'fresh') return waits;
  return [
    { en: `the next one, which comes from ${leader}: it leads`, zh: `下一个，来自 leader ${leader}` },
    THE_NEXT_ONE,
  ];
}

function secondsUntil(step: Step): number {
  return step.kind === 'wait' ? Math.max(0, Math.ceil(step.ms / SECOND)) : 0;
}
