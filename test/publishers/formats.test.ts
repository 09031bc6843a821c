import { describe, expect, it } from 'vitest';
import { formats } from '../../src/publishers/formats.ts';
import { aToken } from './token.ts';

const SUBJECT = { name: 'shop', type: 'stable-token', appId: 'wx0000000000000000', kind: 'token' } as const;
const TOKEN = aToken('76_aToken-of_WeChat');

/** SHA-256 of the value. */
const FINGERPRINT = '633642c2242df2e778c86a425d548bf058641bf437f377a53a33c1ab5315f1b8';

describe('file formats', () => {
  it('a raw file holds the value and nothing else', () => {
    expect(formats.raw(TOKEN)).toBe('76_aToken-of_WeChat');
  });

  it('a JSON file names the owner of the token and its end in whole seconds', () => {
    expect(formats.json(TOKEN, SUBJECT)).toBe(
      '{"name":"shop","type":"stable-token","app_id":"wx0000000000000000","access_token":"76_aToken-of_WeChat",' +
        '"expires_in":7200,"issued_at":1767225600,"expires_at":1767232800,"kind":"token","generation":1,' +
        `"fingerprint":"${FINGERPRINT}"}\n`,
    );
  });

  it('a JSON file keeps expires_in as given and rounds expires_at down', () => {
    const token = aToken('76_aToken-of_WeChat', { expiresIn: 345, expiresAt: 1_767_226_345_999 });
    const details = JSON.parse(formats.json(token, SUBJECT));
    expect(details).toMatchObject({ expires_in: 345, expires_at: 1_767_226_345 });
  });

  it('a JSON file for a ticket has the field ticket and the ticket type', () => {
    expect(formats.json(TOKEN, { ...SUBJECT, kind: 'wx_card' })).toBe(
      '{"name":"shop","type":"wx_card","app_id":"wx0000000000000000","ticket":"76_aToken-of_WeChat",' +
        '"expires_in":7200,"issued_at":1767225600,"expires_at":1767232800,"kind":"wx_card","generation":1,' +
        `"fingerprint":"${FINGERPRINT}"}\n`,
    );
  });

  it('an env file sets two shell variables', () => {
    expect(formats.env(TOKEN, SUBJECT)).toBe(
      'WX_ACCESS_TOKEN=76_aToken-of_WeChat\nWX_ACCESS_TOKEN_EXPIRES_AT=1767232800\n',
    );
  });

  it.for([
    ['jsapi', 'WX_JSAPI_TICKET'],
    ['wx_card', 'WX_CARD_TICKET'],
    ['corp_jsapi', 'WX_CORP_JSAPI_TICKET'],
    ['agent_config', 'WX_AGENT_CONFIG_TICKET'],
  ] as const)('an env file for the ticket %s sets the variable %s', ([kind, variable]) => {
    expect(formats.env(TOKEN, { ...SUBJECT, kind })).toBe(
      `${variable}=76_aToken-of_WeChat\n${variable}_EXPIRES_AT=1767232800\n`,
    );
  });

  it.for([
    'two words',
    'a#b',
    '$HOME',
    '~root',
    'a:~',
    '=ls',
    'a\\b',
    '"a"',
    'a;b',
    'a&b',
    'a*',
    '微信',
    'a\nb',
  ])('an env file quotes the value %j', (value) => {
    expect(formats.env(aToken(value), SUBJECT)).toContain(`WX_ACCESS_TOKEN='${value}'\n`);
  });

  it("an env file writes a single quote as '\\''", () => {
    expect(formats.env(aToken("a'b"), SUBJECT)).toContain("WX_ACCESS_TOKEN='a'\\''b'\n");
  });

  it('an env file is never written for a value that contains a NUL', () => {
    expect(() => formats.env(aToken('before\0after'), SUBJECT)).toThrow(TypeError);
    expect(() => formats.env(aToken('before\0after'), SUBJECT)).not.toThrow(/before|after/);
  });

  it('a PHP file returns an array of the details', () => {
    expect(formats.php(TOKEN, SUBJECT).split('\n')).toEqual([
      '<?php return [',
      '  "name" => "shop",',
      '  "type" => "stable-token",',
      '  "app_id" => "wx0000000000000000",',
      '  "access_token" => "76_aToken-of_WeChat",',
      '  "expires_in" => 7200,',
      '  "issued_at" => 1767225600,',
      '  "expires_at" => 1767232800,',
      '];',
      '',
    ]);
  });

  it('a properties file has one line for each property', () => {
    expect(formats.properties(TOKEN, { ...SUBJECT, kind: 'jsapi' }).split('\n')).toEqual([
      'name=shop',
      'type=jsapi',
      'app_id=wx0000000000000000',
      'ticket=76_aToken-of_WeChat',
      'expires_in=7200',
      'issued_at=1767225600',
      'expires_at=1767232800',
      '',
    ]);
  });

  it('a file for the gem wechat holds the details, and the fields that the gem wants', () => {
    const token = aToken('76_aToken-of_WeChat', { expiresAt: 1_767_232_000_500 });
    expect(formats['wechat-ruby'](token, SUBJECT)).toBe(
      '{"name":"shop","type":"stable-token","app_id":"wx0000000000000000","access_token":"76_aToken-of_WeChat",' +
        '"expires_in":7200,"issued_at":1767225600,"expires_at":1767232000,"kind":"token","generation":1,' +
        `"fingerprint":"${FINGERPRINT}","got_token_at":1767225600,"token_expires_in":6400}\n`,
    );
  });

  it('a ticket for the gem wechat has a state that is as secret as the ticket, and the same from every daemon', () => {
    const read = (value: string) =>
      JSON.parse(formats['wechat-ruby'](aToken(value), { ...SUBJECT, kind: 'jsapi' }));
    const { oauth2_state: state, ...fields } = read('76_aToken-of_WeChat');
    expect(fields).toMatchObject({
      ...{ ticket: '76_aToken-of_WeChat', got_ticket_at: 1_767_225_600, ticket_expires_in: 7200 },
    });
    expect(state).toMatch(/^[0-9a-f]{32}$/);
    expect(read('76_aToken-of_WeChat').oauth2_state).toBe(state);
    expect(read('77_aToken-of_WeChat').oauth2_state).not.toBe(state);
    expect(FINGERPRINT).not.toContain(state);
  });

  it.for([
    ['token', 'wx0000000000000000_access_token', 31],
    ['jsapi', 'wx0000000000000000_ticket_jsapi', 31],
    ['wx_card', 'wx0000000000000000_ticket_wx_card', 33],
  ] as const)('a %s for ThinkAdmin is the serialized array that it calls %s', ([kind, name, length]) => {
    expect(formats.thinkadmin(TOKEN, { ...SUBJECT, kind })).toBe(
      `a:3:{s:4:"name";s:${length}:"${name}";s:5:"value";s:19:"76_aToken-of_WeChat";s:7:"expired";i:1767232800;}`,
    );
  });

  it.for(['php', 'properties'] as const)(
    'a file in %s format is plain ASCII, whatever the value and the name hold',
    (format) => {
      const content = formats[format](aToken('微信🔑\x81\0'), { ...SUBJECT, name: '小店' });
      expect(content).toMatch(/^[\n -~]+$/);
    },
  );
});
