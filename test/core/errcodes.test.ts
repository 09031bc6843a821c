import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type EndpointKind,
  errcodeRule,
  type PlatformFamily,
  platformFailure,
} from '../../src/core/errcodes/index.ts';
import { backoffDelay, type Failure } from '../../src/core/failure.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const TOKEN = '84_Qx-kLm0pZr7tUvWxYz1aBcDeFgHiJ_2kLmNoPqRsTuVwXyZ';
const RID = '66a1b2c3-0d4e5f60-7a8b9c0d';

const OFFICIAL_ANY = [
  -1, -1000, 9001002, 9299999, 40002, 40013, 40090, 40125, 40164, 40187, 40243, 41002, 41004, 43001, 43002,
  43003, 44002, 45009, 45011, 45032, 45035, 45040, 45102, 45104, 47001, 48001, 48004, 50002, 50003, 50004,
  50007, 61004, 61024, 89501, 89502, 89503, 89504, 89505, 89506, 89507, 40001,
];
const WECOM_ANY = [-1, 40001, 45009, 45033, 48002, 48004, 48006, 50003, 60020];
const ANSWERABLE: readonly (readonly [PlatformFamily, EndpointKind, readonly number[]])[] = [
  ['official', 'token', OFFICIAL_ANY],
  ['official', 'ticket', [...OFFICIAL_ANY, 40014, 41001, 42001, 48012, 89256]],
  ['wecom', 'token', [...WECOM_ANY, 40013, 40084, 40091, 41002, 41004]],
  ['wecom', 'ticket', [...WECOM_ANY, 40014, 40093, 41001, 42001, 42012, 301002]],
];

const families = fc.constantFrom<PlatformFamily>('official', 'open-platform', 'wecom', 'wecom-service', 'qq');
const endpoints = fc.constantFrom<EndpointKind>('token', 'ticket');
const anyErrcode = fc.oneof(fc.constantFrom(...OFFICIAL_ANY, 60020, 301002), fc.integer(), fc.double());
const foreignText = fc.string({ unit: 'binary', maxLength: 600 });

function official(errcode: number, errmsg = '', endpoint: EndpointKind = 'token'): Failure {
  return platformFailure('official', endpoint, { errcode, errmsg });
}

function wecom(errcode: number, errmsg = '', endpoint: EndpointKind = 'token'): Failure {
  return platformFailure('wecom', endpoint, { errcode, errmsg });
}

/** The waits of the first few retries when every draw is the luckiest one. */
function shortestWaits(failure: Failure, count: number): number[] {
  return Array.from({ length: count }, (_, i) => backoffDelay(failure.backoff, i + 1, 0));
}

/** When the first few calls are made, from the first failure on. */
function callTimes(failure: Failure, count: number): number[] {
  const times = [0];
  for (const wait of shortestWaits(failure, count)) times.push((times.at(-1) ?? 0) + wait);
  return times;
}

describe('error codes of the platform', () => {
  it.each(ANSWERABLE)('every error code of the %s %s endpoint is understood', (family, endpoint, codes) => {
    const foreign = codes.filter((code) => errcodeRule(family, endpoint, code) === undefined);
    expect(foreign).toEqual([]);
  });

  it.each(ANSWERABLE)(
    'every error of the %s %s endpoint that needs a person comes with advice',
    (family, endpoint, codes) => {
      const mute = codes
        .map((errcode) => platformFailure(family, endpoint, { errcode, errmsg: '' }))
        .filter((failure) => failure.class === 'refused' || failure.class === 'confirmation')
        .filter((failure) => failure.advice === undefined);
      expect(mute).toEqual([]);
    },
  );

  it('an error code is reported with its rid and counts as without effect', () => {
    expect(official(40013, `invalid appid rid: ${RID}`)).toMatchObject({
      class: 'refused',
      code: 'wx-40013',
      errcode: 40013,
      rid: RID,
      effect: 'none',
      message: '40013 the AppID is not valid (AppID 不合法)',
    });
    expect(official(-1).code).toBe('wx--1');
  });

  it('an error message with a hint or an invalid rid yields no rid', () => {
    expect(official(40013, `invalid appid hint: [${RID}]`)).not.toHaveProperty('rid');
    expect(official(40013, 'invalid appid rid: none')).not.toHaveProperty('rid');
  });

  it('errcode 40001 blames the secret at a token endpoint and the token at a ticket endpoint', () => {
    expect(official(40001)).toMatchObject({
      class: 'refused',
      message: expect.stringContaining('AppSecret'),
    });
    expect(official(40001, '', 'ticket')).toMatchObject({
      class: 'passing',
      message: expect.stringContaining('token'),
    });
    expect(errcodeRule('official', 'token', 40001)?.token).toBe('trusted');
    expect(errcodeRule('official', 'ticket', 40001)?.token).toBe('suspect');
  });

  it.each(['official', 'wecom'] as const)(
    'the %s token is doubted only after errcode 40001, 40014 or 42001 for a ticket',
    (family) => {
      const suspects = [...OFFICIAL_ANY, ...WECOM_ANY, 40014, 40093, 41001, 42001, 42012, 301002].filter(
        (code) => errcodeRule(family, 'ticket', code)?.token === 'suspect',
      );
      expect([...new Set(suspects)].sort()).toEqual([40001, 40014, 42001]);
      const accused = suspects.filter((code) => errcodeRule(family, 'token', code)?.token === 'suspect');
      expect(accused).toEqual([]);
    },
  );

  it.each([40125, 42007, 48006, 50001, 50002])('errcode %i means something else at WeCom', (code) => {
    expect(wecom(code).message).not.toBe(official(code).message);
  });

  it('errcode 40125 at WeCom does not blame the secret', () => {
    expect(official(40125).advice).toContain('probably reset');
    expect(wecom(40125).message).toContain('not the secret');
  });
});

describe('IP whitelist', () => {
  const errmsg = `invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: ${RID}`;

  it.each([40164, 61004, 45035, 40090, 40187, 45032])(
    'errcode %i prints the IP address to whitelist',
    (code) => {
      const failure = official(code, errmsg);
      expect(failure.message).toContain('203.0.113.7');
      expect(failure.advice).toContain('Add 203.0.113.7 to the IP whitelist (IP白名单)');
      expect(failure.advice).toMatch(/5 to 10 minutes.*code-upload whitelist/);
      expect(failure.message).not.toContain('ffff');
    },
  );

  it('errcode 60020 prints the IP address that a WeCom app has to trust', () => {
    const failure = wecom(
      60020,
      'not allow to access from your ip, hint: [1700000000], from ip: 203.0.113.9, more',
    );
    expect(failure.message).toContain('203.0.113.9');
    expect(failure.advice).toContain('Add 203.0.113.9');
  });

  it('a real IPv6 address is printed when there is no IPv4 address', () => {
    expect(official(40164, 'invalid ip 2001:db8::7, not in whitelist').advice).toContain(
      'Add 2001:db8::7 to',
    );
    expect(official(40164, 'invalid ip:[2001:DB8:0:0:1:2:3:4]').advice).toContain(
      'Add 2001:db8:0:0:1:2:3:4 to',
    );
  });

  it.each(['', 'invalid ip', 'ip 999.1.1.1', 'at 12:30:45', 'ipv6 ::ffff:cb00:7107', '1.2.3.4.5'])(
    'the advice stays readable when the message %j holds no address',
    (text) => {
      expect(official(40164, text).advice).toContain(
        "Add this machine's public IP address to the IP whitelist",
      );
    },
  );

  it.each([40164, 61004, 40125, 40243])(
    'what is mended in the console after %d is met within a minute, however long it takes',
    (errcode) => {
      const { backoff } = official(errcode);
      for (const failures of [1, 2, 8, 100]) {
        expect(backoffDelay(backoff, failures, 0.999)).toBeLessThanOrEqual(MINUTE);
        expect(backoffDelay(backoff, failures, 0)).toBeGreaterThanOrEqual(50 * SECOND);
      }
    },
  );
});

describe('waits by error code', () => {
  it('the wait is at least a minute after the limit per minute was exceeded', () => {
    expect(Math.min(...shortestWaits(official(45011), 20))).toBe(MINUTE);
    expect(Math.min(...shortestWaits(wecom(45009), 20))).toBe(MINUTE);
  });

  it('the wait is an hour when the daily quota is used up', () => {
    expect(official(45009).class).toBe('quota');
    expect(shortestWaits(official(45009), 3)).toEqual([HOUR, HOUR, HOUR]);
  });

  it('the wait is as long as the block that follows a refusal by the admin', () => {
    expect(shortestWaits(official(89503), 2)).toEqual([5 * MINUTE, 5 * MINUTE]);
    expect(shortestWaits(official(89507), 2)).toEqual([HOUR, HOUR]);
    expect(shortestWaits(official(89506), 2)).toEqual([DAY, DAY]);
  });

  it.each([40001, 40013, 40091, 41002, 41004])(
    'fifty daemons with wrong WeCom parameters (%i) stay far below 2000 calls an hour',
    (code) => {
      const calls = callTimes(wecom(code), 10);
      const within = (from: number) => 50 * calls.filter((at) => at >= from && at < from + HOUR).length;
      expect(Math.max(...calls.map(within))).toBeLessThanOrEqual(2000 / 20);
      const settled = calls.slice(3);
      expect(Math.max(...settled.map(within))).toBeLessThanOrEqual(50);
      expect((settled[2] ?? 0) - (settled[1] ?? 0), 'the fifty make a dozen calls an hour').toBe(4 * HOUR);
    },
  );

  it('the wait after an unknown error code is capped at ten minutes', () => {
    const failure = official(12345, 'something new');
    expect(failure.class).toBe('passing');
    expect(failure.backoff.cap).toBe(10 * MINUTE);
  });
});

describe('advice for people', () => {
  it('the advice names the ways out of a used-up daily quota', () => {
    expect(official(45009).advice).toMatch(/midnight China time.*not confirmed.*stable-token.*clear_quota/);
  });

  it.each([89501, 89502, 89503, 89504, 89505])(
    'the advice for errcode %i names who must confirm, and where',
    (code) => {
      expect(official(code)).toMatchObject({
        class: 'confirmation',
        advice: expect.stringMatching(/admin.*template message/),
      });
    },
  );

  it('the error names a third-party platform, a frozen secret or a frozen account', () => {
    expect(official(61024).advice).toContain('type component');
    expect(official(40243).advice).toContain('Unfreeze');
    expect(official(50007).message).toContain('frozen');
    expect(official(50004).message).toContain('may not fetch tokens');
    expect(official(48004).message).toContain('banned');
  });

  it('an unknown error code quotes the platform and says where to look it up', () => {
    const failure = official(12345, `brand new trouble rid: ${RID}`);
    expect(failure.message).toBe('12345 is not a code this program knows: brand new trouble');
    expect(failure.rid).toBe(RID);
    expect(failure.advice).toContain('Look 12345 up');
    expect(wecom(12345).advice).toContain('query?e=12345');
  });

  it('an unknown error code without text still gives a complete message', () => {
    expect(official(12345).message).toBe('12345 is not a code this program knows');
  });
});

describe('long messages', () => {
  it('a platform message is cut to 200 characters without splitting one', () => {
    const { message } = official(12345, `x${'😀'.repeat(300)}`);
    expect(message).toMatch(/: x(?:😀){99}$/u);
  });
});

describe('redaction', () => {
  it.each([
    `invalid secret=${SECRET}&appid=wx0000000000000000`,
    `{"secret": "${SECRET}"}`,
    `url /cgi-bin/ticket/getticket?access_token=${TOKEN}&type=jsapi`,
    `bare ${TOKEN}, ${SECRET}`,
    `${'x '.repeat(90)}${TOKEN}`,
  ])('the platform message $0 is reported without secret and token', (text) => {
    const echoed = JSON.stringify(official(12345, text));
    expect(echoed).not.toContain(SECRET.slice(0, 12));
    expect(echoed).not.toContain(TOKEN.slice(0, 12));
  });

  it('a short value is redacted when the message calls it a secret', () => {
    expect(official(12345, 'bad corpsecret=hunter2 here').message).toContain('corpsecret=[redacted] here');
  });

  it('the AppSecret is redacted wherever it stands in the answer, whatever the code', () => {
    fc.assert(
      fc.property(
        families,
        endpoints,
        anyErrcode,
        foreignText,
        foreignText,
        (family, endpoint, errcode, a, b) => {
          const failure = platformFailure(family, endpoint, { errcode, errmsg: `${a}${SECRET}${b}` });
          expect(JSON.stringify(failure)).not.toContain(SECRET.slice(0, 12));
        },
      ),
    );
  });

  it('a platform message never brings unprintable or endless text into the log', () => {
    fc.assert(
      fc.property(families, endpoints, anyErrcode, foreignText, (family, endpoint, errcode, errmsg) => {
        const { message, advice = '', rid = '' } = platformFailure(family, endpoint, { errcode, errmsg });
        expect(message.length).toBeLessThan(400);
        expect(`${message}${advice}${rid}`).not.toMatch(/[\p{C}\u2028\u2029]/u);
      }),
    );
  });
});

describe('refusal of the AppSecret', () => {
  it.for([
    ['official', 40001, true],
    ['official', 40125, true],
    ['official', 40243, true],
    ['official', 40013, undefined],
    ['official', 40164, undefined],
    ['wecom', 40001, true],
    ['wecom', 40091, true],
    ['wecom', 40125, undefined],
  ] as const)('the %s errcode %i blames the AppSecret only if it should', ([family, errcode, expected]) => {
    expect(platformFailure(family, 'token', { errcode, errmsg: '' }).blamesSecret).toBe(expected);
    expect(platformFailure(family, 'ticket', { errcode: 40001, errmsg: '' })).not.toHaveProperty(
      'blamesSecret',
    );
  });
});
