import { describe, expect, it } from 'vitest';
import { platformFailure } from '../../../src/core/errcodes/index.ts';
import { type Failure, PASSING } from '../../../src/core/failure.ts';
import { HOUR, SECOND } from '../../../src/core/time.ts';
import { explain as explained } from '../../../src/inspection/check/explanation.ts';
import { formatSection } from '../../../src/inspection/check/findings.ts';
import { inspectPlatform } from '../../../src/inspection/check/platform.ts';
import type { Outcome } from '../../../src/inspection/check/probe-platform.ts';
import { widthOf } from '../../../src/inspection/status/table.ts';
import { inEnglish } from '../said.ts';

const explain = (probe: Parameters<typeof explained>[0]) => inEnglish(explained(probe));

const HOST = 'https://api.weixin.qq.com';
const TOKEN: Outcome = { kind: 'token', lifeMs: 2 * HOUR };

function refusal(errcode: number, errmsg = ''): Failure {
  return platformFailure('official', 'token', { errcode, errmsg });
}

function clockAhead(aheadMs: number) {
  const clock = { aheadMs, giveOrTakeMs: 540 };
  return explain({ attempts: [{ host: HOST, tookMs: 80, clock }], outcome: TOKEN });
}

describe('answers of the platform', () => {
  it.for([
    [40164, 'refused'],
    [40125, 'refused'],
    [89503, 'refused'],
    [-1, 'passing'],
    [45009, 'passing'],
  ] as const)('the platform error code %d counts as %s', ([errcode, verdict]) => {
    expect(explain({ attempts: [], outcome: { kind: 'failed', failure: refusal(errcode) } }).verdict).toBe(
      verdict,
    );
  });

  it('the explanation of an error code names its meaning, remedy and rid', () => {
    const failure = refusal(
      40164,
      'invalid ip 203.0.113.7, not in whitelist rid: 5f3e1a2b-1a2b3c4d-5e6f7a8b',
    );
    const { facts } = explain({
      attempts: [{ host: HOST, tookMs: 80.4 }],
      outcome: { kind: 'failed', failure },
    });
    expect(facts).toEqual([
      ['reached', `${HOST}, in 80 ms`],
      ['answer', expect.stringMatching(/^40164 203\.0\.113\.7 is not on the IP whitelist/)],
      ['to do', expect.stringContaining('Add 203.0.113.7 to the IP whitelist')],
      ['rid', '5f3e1a2b-1a2b3c4d-5e6f7a8b (of 2020-08-20T06:37:31Z, unofficial)'],
    ]);
  });

  it('the explanation lists every host asked and does not repeat the failure', () => {
    const failure: Failure = {
      class: 'passing',
      code: 'dns',
      message: 'no answer',
      zh: { message: '没有应答' },
      effect: 'unsent',
      backoff: PASSING,
    };
    const attempts = [HOST, 'https://api2.weixin.qq.com'].map((host) => ({ host, tookMs: 5, failure }));
    expect(explain({ attempts, outcome: { kind: 'failed', failure } })).toEqual({
      verdict: 'passing',
      facts: [
        ['no answer', `${HOST}, after 5 ms: no answer`],
        ['no answer', 'https://api2.weixin.qq.com, after 5 ms: no answer'],
      ],
      warnings: [],
    });
  });
});

describe('clock difference', () => {
  it.for([0, 500, -500])('a clock offset of %d ms counts as correct', (aheadMs) => {
    const { facts, warnings } = clockAhead(aheadMs);
    expect(facts).toContainEqual(['clock', "as the platform's, give or take 1 s"]);
    expect(warnings).toEqual([]);
  });

  it('a clock four seconds behind is shown without a warning', () => {
    const { facts, warnings } = clockAhead(-4 * SECOND);
    expect(facts).toContainEqual(['clock', "4 s behind the platform's, give or take 1 s"]);
    expect(warnings).toEqual([]);
  });

  it.for([
    [90 * SECOND, /clock is 1 min 30 s ahead: .*to live longer than it does; synchronise it/],
    [-90 * SECOND, /clock is 1 min 30 s behind: .*to be older than it is; synchronise it/],
  ] as const)('a clock offset of %d ms causes a warning', ([aheadMs, says]) => {
    expect(clockAhead(aheadMs)).toMatchObject({ verdict: 'good', warnings: [expect.stringMatching(says)] });
  });
});

describe('proxy', () => {
  const platform = { id: 'weixin', hosts: [HOST], timeout: 10_000, ipv4First: true };
  const proxyOf = (changes: object, environment = {}) =>
    inEnglish(inspectPlatform({ ...platform, ...changes }, environment)).facts.find(
      ([label]) => label === 'proxy',
    )?.[1];

  it('the proxy of the configuration is shown without its password', () => {
    expect(proxyOf({ proxy: 'http://me:hush@egress:3128' })).toBe('http://egress:3128, with a login');
  });

  it('the proxy of the environment is shown when none is configured', () => {
    expect(proxyOf({}, { HTTPS_PROXY: 'http://me:hush@egress:3128' })).toBe(
      'http://egress:3128, with a login, by HTTPS_PROXY of the environment',
    );
    expect(proxyOf({}, { HTTPS_PROXY: 'me:hush@egress:3128' })).toBe(
      'http://egress:3128, with a login, by HTTPS_PROXY of the environment',
    );
    expect(proxyOf({}, { HTTPS_PROXY: 'socks5://me:hush@egress:1080' })).toBe(
      'something that is no URL of http or https, by HTTPS_PROXY of the environment',
    );
    expect(proxyOf({})).toBe('none');
  });

  it('each host is shown with its way when NO_PROXY exempts only some of them', () => {
    const hosts = ['https://api.weixin.qq.com', 'https://api2.weixin.qq.com'];
    const environment = { HTTPS_PROXY: 'http://egress:3128', NO_PROXY: 'localhost,api2.weixin.qq.com' };
    expect(proxyOf({ hosts }, environment)).toBe(
      'api.weixin.qq.com: http://egress:3128, by HTTPS_PROXY of the environment; ' +
        'api2.weixin.qq.com: none, by NO_PROXY of the environment',
    );
  });

  it('a loopback host is shown as asked without a proxy', () => {
    const changes = { hosts: ['http://127.0.0.1:8866'], proxy: 'http://egress:3128' };
    expect(proxyOf(changes)).toBe('none: loopback is asked directly');
  });
});

it('control characters in paths and warnings are escaped in the output', () => {
  const facts = [['token', '/tmp/a\n\u001b[31mforged']] as const;
  expect(
    formatSection(
      'shop',
      { facts, warnings: ['so\nso'] },
      { language: 'en', width: Number.POSITIVE_INFINITY },
    ),
  ).toBe('shop\n  token        /tmp/a\\n\\u001b[31mforged\n  WARNING      so\\nso\n');
});

describe('the report of check', () => {
  const warning =
    '发布到 /srv/a-folder-with-a-long-name 的内容不在内存里，而在 ext4 上：请使用 tmpfs，Kubernetes 里用 medium: Memory 的 emptyDir，并把 /srv/a-folder-with-a-long-name 从应用的卷里移走';
  const found = {
    facts: [['应答', '一个 token，剩余有效期 1 小时 59 分钟（既不保存也不发布）']] as const,
    warnings: [warning],
  };

  it('a person reads it in lines of 80 columns, each beside its label, though Chinese takes two for a character', () => {
    const lines = formatSection('shop', found, { language: 'zh', width: 80 }).trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(80);
    for (const line of lines.slice(3)) expect(line).toMatch(/^ {15}\S/);
    const words = lines.slice(2).map((line) => line.replace(/^ {15}|^ {2}警告 +/, ''));
    expect(words.join('').replaceAll(' ', '')).toBe(warning.replaceAll(' ', ''));
  });

  it('a program gets each fact and each warning in one line', () => {
    const lines = formatSection('shop', found, { language: 'zh', width: Number.POSITIVE_INFINITY })
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toContain(warning);
  });
});
