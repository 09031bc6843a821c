import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { platformFailure } from '../../../src/core/errcodes/index.ts';
import { statusTable } from '../../../src/inspection/status/status-table.ts';
import { troubleOf } from '../../../src/inspection/status/status-trouble.ts';
import { type Terminal, terminalOf, widthOf } from '../../../src/inspection/status/table.ts';
import type { Status } from '../../../src/observability/status/status.ts';

const PIPE: Terminal = { language: 'en', colour: false, unicode: true, width: Number.POSITIVE_INFINITY };
const ZH: Terminal = { language: 'zh', colour: false, unicode: true, width: Number.POSITIVE_INFINITY };
const SCREEN: Terminal = { language: 'en', colour: true, unicode: true, width: 100 };
const ERROR = {
  code: 'wx-40164',
  errcode: 40164,
  rid: '6a-7b',
  message: 'the address 203.0.113.9 is not on the IP whitelist (invalid ip, 不在白名单)',
  advice:
    'add 203.0.113.9 to the IP whitelist of the account: 设置与开发 → 基本配置 → IP白名单, and wait ten minutes',
  failures: 12,
  since: 1_767_225_600,
};

function aStatus(changes: Partial<Status> = {}): Status {
  return {
    credential: 'shop',
    kind: 'token',
    account: 'weixin/stable-token/wx0000000000000000',
    optional: false,
    state: 'fresh',
    expires_in: 7200,
    age: 3600,
    life_left: 3600,
    targets: [{ id: 'file:/var/run/wx/shop/token', state: 'fresh', age: 3600, life_left: 3600 }],
    next: { in: 3318, what: 'asking the platform for the next one', brief: 'the next one' },
    calls: { fetches: { used: 1, limit: 2000 }, forced: { used: 0, limit: 20 } },
    ...changes,
  };
}

describe('trouble of a record', () => {
  it('it says since when the record cannot be written and what a restart costs', () => {
    const [message, restart] = ['cannot write /state/x.json: ENOSPC', 'a restart now costs a call'];
    const since = 1_767_225_600;
    const state_error = { code: 'ENOSPC', message, since, restart_costs: 'call', restart } as const;
    const lines = troubleOf(aStatus({ state_error }), since + 180, PIPE);
    expect(lines.slice(1, 4)).toEqual([
      `  record    ${message}`,
      '  since     2026-01-01T00:00:00Z, 3 min 0 s ago',
      `  restart   ${restart}`,
    ]);
  });
});

describe('status table', () => {
  it('the status table shows each credential in one line', () => {
    const bot = aStatus({ credential: 'bot', optional: true, error: ERROR });
    expect(statusTable([aStatus(), bot], PIPE)).toEqual([
      'CREDENTIAL      KIND   TARGET                  AGE    LIFE LEFT         ERROR         NEXT STEP',
      'shop            token  /var/run/wx/shop/token  1h 0m  ▰▰▰▰▰▱▱▱▱▱ 1h 0m  -             in 55m: the next one',
      'bot (optional)  token  /var/run/wx/shop/token  1h 0m  ▰▰▰▰▰▱▱▱▱▱ 1h 0m  wx-40164 ×12  in 55m: the next one',
    ]);
  });

  it('each further target gets a line of its own in the status table', () => {
    const targets = [
      { id: 'file:/a', state: 'fresh', age: 3600, life_left: 3600 },
      { id: 'file:/b', state: 'behind', life_left: 120 },
      { id: 'file:/c', state: 'missing' },
      { id: 'file:/d', state: 'unreadable' },
      { id: 'file:/e', state: 'unknown' },
      { id: 'file:/f', state: 'dead', life_left: 0 },
    ] as const;
    const lines = statusTable([aStatus({ targets })], { ...PIPE, unicode: false }).slice(1);
    expect(lines.map((line) => line.replace(/ {2,}/g, '|'))).toEqual([
      'shop|token|/a|1h 0m|#####----- 1h 0m|-|in 55m: the next one',
      '|/b|-|#--------- 2m, behind',
      '|/c|-|missing',
      '|/d|-|unreadable',
      '|/e|-|life unknown',
      '|/f|-|---------- dead',
    ]);
  });

  it('the status table fits 100 columns by leaving out the middle of paths', () => {
    const path = '/var/run/wx/a-folder-with-a-long-name/and-another/token.properties';
    const targets = [{ id: `file:${path}`, state: 'fresh', life_left: 3600 }] as const;
    const lines = statusTable([aStatus({ targets, error: ERROR })], SCREEN).map(stripVTControlCharacters);
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(100);
    expect(lines[1]).toMatch(/ \/va[^ ]*….*properties /);
    expect(statusTable([aStatus({ targets })], PIPE)[1]).toContain(path);
  });

  it.for([80, 60])('the status table fits %d columns by using short words', (width) => {
    const targets = [{ id: 'file:/srv/wx/shop/token', state: 'fresh', age: 6960, life_left: 6420 }] as const;
    const lines = statusTable([aStatus({ targets })], { ...SCREEN, colour: false, width });
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
    expect(lines[1]).toMatch(/^shop {2,}token {2}\/\S+n {2}1h 56m {2}.*1h 47m {2,}- {2,}in 55m/);
  });

  it.for([true, false])(
    'the status table fits 80 columns even with long content (unicode: %s)',
    (unicode) => {
      const life = { age: 7140, life_left: 7140 };
      const targets = [
        { id: 'file:/var/run/wx/a-folder/token', state: 'behind', ...life },
        { id: 'file:/微信/令牌', state: 'unreadable' },
      ] as const;
      const next = { in: 0, what: 'a fetch', brief: 'fetch, about to end', overdue: true } as const;
      const credential = 'a-name-as-long-as-anybody-may-think-of';
      const error = { ...ERROR, code: 'transport-failure', failures: 1000 };
      const ticket = aStatus({ credential, kind: 'agent_config', optional: true, targets, error, next });
      const lines = statusTable([aStatus(), ticket], { language: 'en', colour: false, unicode, width: 80 });
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
      expect(lines[2]).toMatch(/ agent_config .* 1h 59m {2}1h 59m, behind .* overdue$/);
    },
  );

  it('a status table in Chinese fits 80 columns and stays aligned', () => {
    const life = { age: 7140, life_left: 7140 };
    const targets = [
      { id: 'file:/var/run/wx/a-folder/token', state: 'behind', ...life },
      { id: 'file:/微信/令牌', state: 'unreadable' },
      { id: 'file:/var/run/wx/x', state: 'unknown' },
    ] as const;
    const error = { ...ERROR, code: 'transport-failure', failures: 1000 };
    const next = { ...aStatus().next, overdue: true } as const;
    const credential = 'a-name-as-long-as-anybody-may-think-of';
    const title = '某某商城 服务号';
    const ticket = aStatus({ credential, title, kind: 'agent_config', optional: true, targets, error, next });
    const lines = statusTable([aStatus({ title }), ticket], { ...ZH, width: 80 });
    for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(80);
    const [head = '', first = '', second = ''] = lines;
    expect(head).toMatch(/^凭据 .*标题 .*种类 .*目标 .*已存在 .*剩余 .*错误 .*下一步$/);
    const at = (line: string, text: string | RegExp) => widthOf(line.slice(0, line.search(text)));
    expect(at(first, 'token ')).toBe(at(head, '种类'));
    expect(at(second, /a\w*…\w*fig |agent_config /)).toBe(at(head, '种类'));
    expect(second).toMatch(/1h 59m，旧的 .* 已逾期$/);
    expect(lines[3]).toContain('无法读取');
    expect(lines[4]).toContain('有效期未知');
  });

  it('a trouble report in Chinese has every label, and lines that break between characters', () => {
    const failure = platformFailure('official', 'token', {
      errcode: 40164,
      errmsg: 'invalid ip 203.0.113.9 rid: 6a7b8c9d-0e1f2a3b-4c5d6e7f',
    });
    const { message, advice, zh, code, errcode, rid } = failure;
    const error = {
      ...{ message, zh, code, failures: 2, since: 0 },
      advice: advice ?? '',
      errcode: errcode ?? 0,
      rid: rid ?? '',
    };
    const lines = troubleOf(aStatus({ error }), 100, { ...ZH, width: 72 });
    for (const line of lines) {
      expect(widthOf(line), line).toBeLessThanOrEqual(72);
      expect(line).not.toMatch(/^ *[，。、；：）]|[（“]$/);
    }
    const labels = lines.flatMap((line) => /^ {2}(\S+) /.exec(line)?.[1] ?? []);
    expect(labels).toEqual(['错误', '处理', '应答', '开始于', '下一步']);
    const joined = lines
      .map((line) => line.trim())
      .join('')
      .replace(/\s/g, '');
    expect(joined).toContain(zh.advice?.replace(/\s/g, ''));
    expect(joined).toContain('1分钟40秒前，连续2次');
  });

  it('a character that the terminal cannot show becomes a question mark', () => {
    const targets = [{ id: 'file:/微信/token', state: 'missing' }] as const;
    const [, line = ''] = statusTable([aStatus({ credential: 'é', targets })], { ...PIPE, unicode: false });
    expect(line).toMatch(/^\? .* \/\?\?\/token {2,}- /);
  });

  it('the status table keeps its columns aligned with wide characters', () => {
    const targets = [{ id: 'file:/微信/令牌', state: 'fresh', age: 3600, life_left: 3600 }] as const;
    const [head = '', line = ''] = statusTable([aStatus({ targets })], PIPE);
    expect(widthOf(line.slice(0, line.indexOf('1h')))).toBe(head.indexOf('AGE'));
  });

  it('titles get a column of their own, where the terminal can show them', () => {
    const titled = aStatus({ title: '某某商城 服务号' });
    expect(statusTable([titled, aStatus({ credential: 'bot' })], PIPE)).toEqual([
      'CREDENTIAL  TITLE            KIND   TARGET                  AGE    LIFE LEFT         ERROR  NEXT STEP',
      'shop        某某商城 服务号  token  /var/run/wx/shop/token  1h 0m  ▰▰▰▰▰▱▱▱▱▱ 1h 0m  -      in 55m: the next one',
      'bot                          token  /var/run/wx/shop/token  1h 0m  ▰▰▰▰▰▱▱▱▱▱ 1h 0m  -      in 55m: the next one',
    ]);
    expect(statusTable([titled], { ...PIPE, unicode: false })).toEqual(
      statusTable([aStatus()], { ...PIPE, unicode: false }),
    );
  });

  it.for([
    '某某商城 服务号',
    'é'.normalize('NFD').repeat(30),
    '👩‍👩‍👧 家庭商城 ⭐️ 服务号 🇨🇳',
    '商'.repeat(60),
  ])('a status table with the title %s fits 80 columns and stays aligned', (title) => {
    const kind = 'agent_config';
    const error = { ...ERROR, failures: 1000 };
    const credential = 'a-name-as-long-as-anybody-may-think-of';
    const lines = statusTable([aStatus({ title }), aStatus({ title, kind, credential, error })], {
      ...{ language: 'en', colour: false, unicode: true, width: 80 },
    });
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
    const [head = '', first = '', second = ''] = lines;
    const kindAt = head.indexOf('KIND');
    expect(widthOf(first.slice(0, first.indexOf('token ')))).toBe(kindAt);
    expect(widthOf(second.slice(0, second.indexOf(kind)))).toBe(kindAt);
    expect(first.slice(first.indexOf('shop') + 4, first.indexOf('token ')).trim()).not.toBe('');
  });

  it.for([
    ['商城', 4],
    ['é'.normalize('NFD'), 1],
    ['👩‍👩‍👧', 2],
    ['⭐', 2],
    ['☕️', 2],
    ['🇨🇳', 2],
    ['ｱ', 1],
    ['Ａ', 2],
    ['한국', 4],
    ['', 0],
  ] as const)('the text %s is %d columns wide', ([text, width]) => {
    expect(widthOf(text)).toBe(width);
  });

  it('only a terminal gets colours, and control characters in paths are escaped', () => {
    const targets = [{ id: 'file:/\u001b[2J\u202e', state: 'dead', life_left: 0 }] as const;
    const [, line = ''] = statusTable([aStatus({ targets })], SCREEN);
    expect(line).toContain('\u001b[31m▱▱▱▱▱▱▱▱▱▱ dead\u001b[0m');
    expect(stripVTControlCharacters(line)).not.toMatch(/[\u001b\u202e]/);
    expect(line).toContain('/\\u001b[2J\\u202e');
    expect(statusTable([aStatus({ targets })], PIPE).join()).not.toContain('\u001b');
  });
});

describe('report on a credential in trouble', () => {
  it('a trouble report shows the error, the remedy and the next step', () => {
    const at = ERROR.since + 600;
    const next = { in: 200, what: 'another try', brief: 'another try' };
    expect(troubleOf(aStatus({ state: 'dead', error: ERROR, targets: [], next }), at, PIPE)).toEqual([
      'shop token is dead: weixin/stable-token/wx0000000000000000',
      `  error     ${ERROR.message}`,
      `  to do     ${ERROR.advice}`,
      '  answer    errcode 40164, rid 6a-7b',
      '  since     2026-01-01T00:00:00Z, 10 min 0 s ago, 12 times in a row',
      '  next      in 3 min 20 s: another try',
    ]);
  });

  it('a trouble report tells when the platform received the request, as far as its rid tells, and that this is unofficial', () => {
    const error = { ...ERROR, rid: '695629a6-0e1f2a3b-4c5d6e7f' };
    const answerIn = (terminal: typeof PIPE) =>
      troubleOf(aStatus({ error }), ERROR.since, terminal).find((line) => line.includes('695629a6'));
    expect(answerIn(PIPE)).toBe(
      '  answer    errcode 40164, rid 695629a6-0e1f2a3b-4c5d6e7f (of 2026-01-01T08:00:38Z, unofficial)',
    );
    expect(answerIn({ ...PIPE, language: 'zh' })).toContain('（2026-01-01T08:00:38Z，非官方）');
  });

  it('a trouble report names the title beside the name', () => {
    const [line] = troubleOf(aStatus({ title: '某某商城', state: 'dead', targets: [] }), 0, PIPE);
    expect(line).toBe('shop (某某商城) token is dead: weixin/stable-token/wx0000000000000000');
  });

  it('a trouble report with an overdue step asks whether the daemon is running', () => {
    const next = { in: 0, what: 'a fetch: it has ended', brief: 'fetch, has ended', overdue: true } as const;
    const lines = troubleOf(aStatus({ next }), 0, PIPE);
    expect(lines.at(-1)).toBe(
      '  next      overdue: a fetch: it has ended; the last line tells of the daemon',
    );
  });

  it('a trouble report is wrapped to the width of the terminal', () => {
    const lines = troubleOf(aStatus({ error: ERROR }), 0, { ...SCREEN, width: 72 }).map(
      stripVTControlCharacters,
    );
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(72);
    expect(lines.join('').replace(/\s+/g, '')).toContain(ERROR.advice.replace(/\s+/g, ''));
  });

  it('an error message with a line break stays one line of the trouble report', () => {
    const error = { ...ERROR, message: 'one\ntwo\u001b[0m' };
    expect(troubleOf(aStatus({ error }), 0, PIPE)).toContain('  error     one\\ntwo\\u001b[0m');
  });
});

describe('terminal detection', () => {
  it.for([
    [{ isTTY: true, columns: 132 }, { LANG: 'zh_CN.UTF-8' }, { colour: true, unicode: true, width: 132 }],
    [{ isTTY: true, columns: 20 }, { LANG: 'C' }, { colour: true, unicode: false, width: 60 }],
    [{ isTTY: true }, { NO_COLOR: '1' }, { colour: false, unicode: false, width: 80 }],
    [{ isTTY: true }, { NO_COLOR: '', TERM: 'dumb' }, { colour: false, unicode: false, width: 80 }],
    [{ isTTY: true }, { LC_ALL: 'C', LANG: 'C.UTF-8' }, { colour: true, unicode: false, width: 80 }],
    [{}, { LC_CTYPE: 'en_US.utf8' }, { colour: false, unicode: true, width: Number.POSITIVE_INFINITY }],
  ] as const)(
    'the stream %j with the environment %j gives the terminal %j',
    ([stream, environment, expected]) => {
      expect(terminalOf(stream, environment)).toEqual({ language: 'en', ...expected });
      expect(terminalOf(stream, environment, 'zh')).toEqual({ ...expected, language: 'zh', unicode: true });
    },
  );
});
