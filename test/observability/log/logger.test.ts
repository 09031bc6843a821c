import { describe, expect, it } from 'vitest';
import { EdgeError, PASSING } from '../../../src/core/failure.ts';
import { Secret } from '../../../src/core/secret.ts';
import { journal } from '../journal.ts';

const SECRET = 'the-secret-of-this-test';

describe('log lines', () => {
  it('a JSON line starts with the time, the level and the message before its fields', () => {
    const { logger, lines, entries } = journal();
    logger.info('published', { credential: 'shop', took_ms: 12 });
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatch(
      /^\{"time":"[^"]+","level":"info","message":"published","credential":"shop","took_ms":12\}$/,
    );
    expect(new Date(String(entries()[0]?.['time'])).toISOString()).toBe(entries()[0]?.['time']);
  });

  it('a text line shows the time, the level, the message and the fields', () => {
    const { logger, lines } = journal({ format: 'text' });
    logger.warn('the disk is full', {
      credential: 'shop',
      took_ms: 12,
      advice: { en: 'free some space', zh: '释放空间' },
      forced: true,
    });
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatch(
      /^\S+Z WARN {2}the disk is full credential=shop took_ms=12 advice="free some space" forced=true$/,
    );
  });

  it('a text line shows lists and nested fields without JSON quotes', () => {
    const { logger, lines } = journal({ format: 'text' });
    logger.info('gone', {
      left: ['/run/a', '/run/b'],
      one: ['x'],
      none: [],
      told: { by: 'a b', of: [1, null] },
    });
    expect(lines()[0]).toMatch(/ gone left="\/run\/a, \/run\/b" one=x none="" told="by=a b of=1, null"$/);
  });

  it.each(['json', 'text'] as const)('each log call writes one %s line, whatever the message', (format) => {
    const { logger, lines } = journal({ format });
    const messages = ['', 'two\nlines', 'a\r\n{"level":"error"}', 'x'.repeat(100_000), '\u2028\u2029\u0085'];
    for (const message of messages) logger.info(message, { detail: message, error: new Error(message) });
    expect(lines()).toHaveLength(messages.length);
  });

  it.each([
    ['error', 1],
    ['warn', 2],
    ['info', 3],
    ['debug', 4],
  ] as const)('a logger at level %s writes %i of the four levels', (level, count) => {
    const { logger, lines } = journal({ level });
    logger.error('a');
    logger.warn('b');
    logger.info('c');
    logger.debug('d');
    expect(lines()).toHaveLength(count);
  });

  it('fields named level, message or time do not replace those of the line', () => {
    const { logger, entries } = journal();
    logger.info('the message', { level: 'error', message: 'another', time: 'never' });
    expect(entries()[0]).toMatchObject({ level: 'info', message: 'the message' });
    expect(entries()[0]?.['time']).not.toBe('never');
  });

  it('a log line can hold values of every kind, such as null, dates and lists', () => {
    for (const format of ['json', 'text'] as const) {
      const { logger, lines } = journal({ format });
      logger.info('x', {
        a: null,
        b: undefined,
        c: [1, { d: 'e' }],
        f: Number.NaN,
        g: new Date(0),
        h: '',
        i: {},
      });
      expect(lines()).toHaveLength(1);
      expect(lines()[0]).toContain('1970-01-01T00:00:00.000Z');
    }
  });
});

describe('errors in log lines', () => {
  it('an error is logged with its code, its stack and its causes', () => {
    const { logger, entries } = journal();
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const failure = {
      class: 'passing',
      code: 'unreachable',
      message: 'no answer',
      zh: { message: 'no answer' },
      effect: 'unsent',
    } as const;
    const error = new EdgeError(
      { ...failure, backoff: PASSING },
      { cause: new TypeError('fetch failed', { cause }) },
    );
    logger.error('unexpected error', { error });
    expect(entries()[0]).toMatchObject({
      error: {
        name: 'EdgeError',
        code: 'unreachable',
        message: 'no answer',
        stack: expect.stringContaining('logger.test'),
        cause: {
          name: 'TypeError',
          message: 'fetch failed',
          cause: { name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' },
        },
      },
    });
  });

  it('an error inside a list or an object is logged with its message', () => {
    const { logger, entries } = journal();
    logger.error('x', { errors: [new Error('first')], more: { error: new Error('second') } });
    expect(entries()[0]).toMatchObject({
      errors: [{ message: 'first' }],
      more: { error: { message: 'second' } },
    });
  });

  it('a circular error or object is logged in one line', () => {
    const { logger, lines } = journal();
    const error = new Error('round');
    error.cause = error;
    const round: Record<string, unknown> = {};
    round['round'] = round;
    logger.error('x', { error, round });
    expect(lines()).toHaveLength(1);
  });
});

describe('secrets in log lines', () => {
  it.each(['wx:access_token:wx0000000000000000; it', 'wx:ticket:key:wx0000000000000000:jsapi; it'])(
    'the key %s of Redis is told as it is, since an AppID is no secret',
    (message) => {
      const { logger, text } = journal();
      logger.info(message);
      expect(text()).toContain(message);
      logger.info(`access_token:wx0000000000000000-${SECRET}`);
      expect(text()).not.toContain(SECRET);
    },
  );

  it.each([
    'wx:access_token:shop; it',
    'wx:access_token:{shop}:wx-token-sidecar',
    'wx:access_token:guangzhou-flagship-store',
    'wx:ticket:key:shop:jsapi; it',
  ])('the name of a credential that ends a key of Redis is no secret in %s', (said) => {
    const { logger, entries } = journal();
    logger.info(`the token is gone from ${said}`);
    expect(entries()[0]?.['message']).toBe(`the token is gone from ${said}`);
  });

  it.each([
    'access_token:57_aBcDeFgHiJkLmNoP',
    'ticket:ticket@@@abcdefghijklmnop',
    'ticket:{ticket@@@abcdefghijklmnop}',
    'access_token:0123456789abcdef0123456789abcdef',
    'access_token:{0123456789abcdef0123456789abcdef}',
    'access_token=shop',
    'corpsecret:shop',
  ])('what may be a secret is redacted in %s, however short', (said) => {
    const { logger, entries } = journal();
    logger.info(said);
    expect(entries()[0]?.['message']).toMatch(/^\w+[:=]\[redacted\]\}?$/);
  });

  it.each(['json', 'text'] as const)('a Secret is redacted wherever it stands in a %s line', (format) => {
    const { logger, text } = journal({ format });
    const secret = new Secret(SECRET);
    logger.info(`concatenated: ${secret}`, {
      value: secret,
      deep: { list: [{ secret }] },
      error: new Error(`${secret}`),
    });
    expect(text()).not.toContain(SECRET);
    expect(text()).toContain('[redacted]');
  });

  it.each([
    `GET /cgi-bin/token?grant_type=client_credential&appid=wx0000000000000000&secret=${SECRET}`,
    `GET /cgi-bin/token?secret=${SECRET}&appid=wx0000000000000000`,
    `https://qyapi.weixin.qq.com/cgi-bin/gettoken?corpid=ww&corpsecret=${SECRET}`,
    `?ACCESS_TOKEN=${SECRET}#x`,
    `{"access_token":"${SECRET}","expires_in":7200}`,
    `{"access_token" : "${SECRET}"}`,
    `"{\\"access_token\\":\\"${SECRET}\\"}"`,
    `{'secret': '${SECRET}'}`,
    `WXTOKEN_SECRET=${SECRET}`,
    `WX_ACCESS_TOKEN=${SECRET}`,
    `WX_ACCESS_TOKEN='${SECRET}'`,
    `jsapi_ticket=${SECRET}&noncestr=x`,
    `ticket: ${SECRET}`,
    `AppSecret = ${SECRET}`,
  ])('the log redacts the secret in %s', (said) => {
    for (const format of ['json', 'text'] as const) {
      const { logger, text } = journal({ format });
      logger.info(said);
      logger.info('x', { detail: said, list: [said], error: new Error(said, { cause: new Error(said) }) });
      expect(text()).not.toContain(SECRET);
    }
  });

  it('a field whose name denotes a secret is redacted', () => {
    const { logger, text } = journal();
    logger.info('x', { access_token: SECRET, body: { secret: SECRET, jsapi_ticket: SECRET } });
    expect(text()).not.toContain(SECRET);
  });

  it('a log line that merely mentions a secret file or a ticket stays unchanged', () => {
    const { logger, entries } = journal();
    logger.info('no live ticket, and the secret file /run/secret is empty', {
      file: 'WXTOKEN_SECRET_FILE=/run/a',
    });
    expect(entries()[0]).toMatchObject({
      message: 'no live ticket, and the secret file /run/secret is empty',
      file: 'WXTOKEN_SECRET_FILE=/run/a',
    });
  });

  it('a message of half a million characters is logged as one line', () => {
    const { logger, lines } = journal();
    logger.info('x'.repeat(500_000));
    expect(lines()).toHaveLength(1);
  });
});

describe('control characters in log lines', () => {
  const ACTORS = [
    '\u0000',
    '\u0007',
    '\b',
    '\n',
    '\r',
    '\u001b[2J',
    '\u007f',
    '\u009b2J',
    '\u0085',
    '\u2028',
    '\u202e',
    '\u2066',
  ];

  it.each(ACTORS)('the log escapes %j in messages, values and field names', (actor) => {
    for (const format of ['json', 'text'] as const) {
      const { logger, text, lines } = journal({ format });
      logger.info(`before${actor}after`, { detail: `before${actor}after`, [`na${actor}me`]: 1 });
      expect(lines()).toHaveLength(1);
      expect(text().slice(0, -1)).not.toContain(actor.slice(0, 1));
      expect(text()).toMatch(/before\\+[\w]/);
    }
  });

  it('escaped control characters are read back unchanged from JSON', () => {
    const { logger, entries } = journal();
    const detail = ACTORS.join('');
    logger.info('x', { detail });
    expect(entries()[0]).toMatchObject({ detail });
  });

  it('Chinese text and emoji are logged unescaped', () => {
    for (const format of ['json', 'text'] as const) {
      const { logger, text } = journal({ format });
      logger.info('IP不在白名单 🙂', { reason: '系统繁忙' });
      expect(text()).toContain('IP不在白名单 🙂');
      expect(text()).toContain('系统繁忙');
    }
  });
});
