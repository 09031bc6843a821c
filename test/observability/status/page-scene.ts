import { onTestFinished } from 'vitest';
import { platformFailure } from '../../../src/core/errcodes/index.ts';
import type { Report } from '../../../src/core/events/report.ts';
import type { View } from '../../../src/core/plan.ts';
import type { Unit } from '../../../src/core/ports.ts';
import type { Language } from '../../../src/core/text.ts';
import { HOUR, MINUTE } from '../../../src/core/time.ts';
import { createHealthServer } from '../../../src/observability/http/health-server.ts';
import { fileFailure } from '../../../src/system/fs/file-failure.ts';
import { type FakeClock, fakeClock } from '../../support/clock.ts';
import { PASSING_FAULT, type Story, tell, token } from '../../support/story.ts';
import { viewOf } from '../../support/view.ts';

const WHITELIST = platformFailure('official', 'token', {
  errcode: 40164,
  errmsg: 'invalid ip 203.0.113.9, not in whitelist rid: 6a7b8c9d-0e1f2a3b-4c5d6e7f',
});

const { failure: FULL } = fileFailure('write', '/var/run/wx/crm/token', { code: 'ENOSPC' });

const HOSTILE = '/srv/<script>alert(1)</script>/"onload=alert(2) x="/\u202egnp.exe/ملف/\u001b[2J&amp;';

/** Every kind of fate, all at the same moment. */
export function scene(): {
  readonly clock: FakeClock;
  readonly views: readonly View[];
  readonly tokens: readonly string[];
} {
  const clock = fakeClock();
  const views: (() => View)[] = [];
  const told = (changes: Partial<Unit>, type: Parameters<typeof tell>[0], ...targets: string[]): Story => {
    const story = tell(type, {}, 0.5, clock);
    story.happen({ type: 'retargeted', targets: targets.map((path) => `file:${path}`) });
    views.push(() => viewOf(story, changes));
    return story;
  };
  const publish = (story: Story) => {
    const generation = story.state().record.token?.generation ?? 0;
    for (const { id: target } of story.state().targets) {
      story.happen({ type: 'published', target, generation });
    }
  };
  const fetched = (story: Story, mark: string) => {
    story.fetch(token(mark));
    publish(story);
  };

  const fresh = told(
    { name: 'shop', title: '某某商城 服务号' },
    'stable-token',
    '/var/run/wx/shop/token',
    '/var/run/wx/shop/token.php',
  );
  const ticket = told({ name: 'shop', kind: 'jsapi' }, 'jsapi', '/var/run/wx/shop/jsapi_ticket');
  const ending = told(
    { name: 'members', account: 'weixin/access-token/wx1111111111111111' },
    'access-token',
    '/var/run/wx/members/token',
  );
  const dead = told(
    { name: 'campaign', title: '双十一活动 <b>"小程序"</b> & 更多' },
    'stable-token',
    '/var/run/wx/campaign/token',
  );
  const never = told({ name: 'crm' }, 'stable-token', '/var/run/wx/crm/token');
  const optional = told(
    { name: 'sandbox-account', optional: true },
    'stable-token',
    '/var/run/wx/sandbox/token',
  );
  const long = told(
    {
      name: 'a-name-as-long-as-anybody-may-think-of-for-a-mini-program',
      account: `weixin/stable-token/wx${'2'.repeat(16)}`,
    },
    'stable-token',
    `/var/run/wx/${'afolderwithoutanend'.repeat(10)}/token`,
    HOSTILE,
  );

  for (const story of [dead, ending]) fetched(story, 'old');
  clock.pass(HOUR + 52 * MINUTE);
  for (let time = 0; time < 6; time += 1) {
    dead.fail(WHITELIST);
    clock.pass(4 * MINUTE);
  }
  fetched(ending, 'old');
  clock.pass(HOUR + 53 * MINUTE);
  ending.fail({ ...PASSING_FAULT, message: 'no answer from https://api.weixin.qq.com within 10 s' });
  dead.fail(WHITELIST);
  optional.fail(platformFailure('official', 'token', { errcode: 89503, errmsg: '' }));
  for (const story of [fresh, ticket, long]) fetched(story, 'new');
  never.fetch(token('crm'));
  never.happen({ type: 'unpublished', target: 'file:/var/run/wx/crm/token', failure: FULL });
  clock.pass(3 * MINUTE);
  return { clock, views: views.map((view) => view()), tokens: ['old', 'new', 'crm'].map(token) };
}

/** A daemon of many accounts: of `count` tokens, three are in trouble, the last of them only a little. */
export function crowd(count: number): ReturnType<typeof scene> {
  const clock = fakeClock();
  const path = 'file:/var/run/wx/shop/token';
  const a = (happens: (story: Story) => void) => {
    const story = tell('stable-token', {}, 0.5, clock);
    story.happen({ type: 'retargeted', targets: [path] });
    happens(story);
    return story;
  };
  const fetched = (story: Story) => {
    story.fetch(token('good'));
    const generation = story.state().record.token?.generation ?? 0;
    story.happen({ type: 'published', target: path, generation });
  };
  const good = a(fetched);
  const late = a((story) => {
    fetched(story);
    story.happen({ type: 'unpublished', target: path, failure: FULL });
  });
  const dead = a((story) => story.fail(WHITELIST));
  clock.pass(3 * MINUTE);
  const kinds = ['服务号', '订阅号', '小程序'];
  const views = Array.from({ length: count }, (_, index) => {
    const story = index === count - 2 ? late : index % 150 === 100 ? dead : good;
    const digits = String(index + 1).padStart(4, '0');
    return viewOf(story, {
      id: `shop-${digits}`,
      name: `shop-${digits}`,
      ...(index % 3 < 2 && { title: `第${index + 1}商城 ${kinds[index % 2]}` }),
      account: `weixin/stable-token/wx${digits.repeat(4)}`,
    });
  });
  return { clock, views, tokens: [token('good')] };
}

const STEP = { kind: 'fetch', reason: 'due', forced: false } as const;
const GOOD: Report = { type: 'refreshed', step: STEP, lifeMs: 7_200_000, tookMs: 100 };
const BAD: Report = {
  type: 'failed',
  step: STEP,
  isFirst: false,
  failure: WHITELIST,
  lifeMs: 0,
  tookMs: 100,
};

/** A server as the daemon has it, a day after its start. It ends with the test. */
export async function servedScene(
  { clock, views }: ReturnType<typeof scene>,
  language?: Language,
): Promise<string> {
  const server = createHealthServer({
    clock,
    views: () => views,
    leadership: () => undefined,
    listen: { host: '127.0.0.1', port: 0 },
    allowedHosts: [],
    ...(language && { language }),
    failed: (error) => {
      throw error;
    },
  });
  server.serve(views.map(({ unit }) => unit));
  clock.pass(-23 * HOUR);
  for (let hour = 0; hour < 24; hour += 1) {
    if (hour > 0) clock.pass(HOUR);
    for (const { unit, state } of views) {
      const failures = state.record.lastFailure && hour > 20 ? 3 + hour : hour === 9 ? 1 : 0;
      if (hour % 2 === 1 && failures < 3) server.report(unit, GOOD);
      for (let time = 0; time < failures; time += 1) server.report(unit, BAD);
    }
  }
  const { address, close } = await server.start();
  onTestFinished(close);
  return `http://${address}/`;
}
