import { describe, expect, it } from 'vitest';
import { warningsOf } from '../../src/config/validate/warnings.ts';
import { place } from './written.ts';

const YAML = (own: string) => `credentials:
  - name: shop
    appId: wx0000000000000000
    secretFile: $FOLDER/secrets/one
    publish: [{ type: file, path: $FOLDER/out/token }]
${own}`;

describe('values of a file that hide a blank or a quote', () => {
  it.each([
    ['stateDir: "/var/lib/wx "\n', 'config.yaml:6 stateDir: ends in a blank (U+0020): remove it'],
    ['stateDir: |\n  /var/lib/wx\n', 'config.yaml:6 stateDir: ends in a line break (U+000A): remove it'],
    [
      `log: { level: "'info'" }\n`,
      expect.stringMatching(/^config\.yaml:6 log\.level: stands in quotes \('\)/),
    ],
    [
      'http: { listen: "127.0.0.1:9400\\u00a0" }\n',
      'config.yaml:6 http.listen: ends in a no-break space (U+00A0): remove it',
    ],
  ])('%j is refused with what is odd about it', async (own, expected) => {
    const { problems } = await place();
    expect(await problems(YAML(own))).toEqual([expected]);
  });

  it('an argument of a program may be a blank, or stand in quotes', async () => {
    const { load } = await place();
    const notify = `    notify: [{ type: exec, command: [/bin/echo, " ", '"x"'] }]\n`;
    const { credentials } = await load(YAML(notify));
    expect(credentials[0]?.notify).toMatchObject([{ command: ['/bin/echo', ' ', '"x"'] }]);
  });

  it('a title may stand in quotes', async () => {
    const { load } = await place();
    const { credentials } = await load(YAML('').replace('name: shop', 'name: shop\n    title: “某某商城”'));
    expect(credentials[0]?.title).toBe('“某某商城”');
  });
});

describe('ids that are unlike those of their type', () => {
  const warned = async (type: string, key: string, id: string) => {
    const { load } = await place();
    const text = YAML('').replace('appId: wx0000000000000000', `type: ${type}\n    ${key}: ${id}`);
    const { credentials } = await load(text);
    return credentials.flatMap(warningsOf).map(({ en }) => en);
  };

  it.each([
    ['wx0000000000000000', []],
    [
      'wx000000000000000O',
      [
        'the AppID wx000000000000000O may be wrong: its character 18 is O (U+004F), where only 0-9 and a-f are usual',
      ],
    ],
    [
      'wx00000000000000',
      ['the AppID wx00000000000000 may be wrong: it has 16 characters, where 18 are usual'],
    ],
    ['abcd0000', ['the AppID abcd0000 may be wrong: it does not begin with wx']],
  ])('the AppID %s is warned of as it deserves', async (id, expected) => {
    expect(await warned('stable-token', 'appId', id)).toEqual(expected);
  });

  it('a CorpID that looks like an AppID is warned of, since old corps have such ones', async () => {
    expect(await warned('wecom', 'corpId', 'wx0000000000000000')).toEqual([
      expect.stringMatching(/^the CorpID wx0000000000000000 may be wrong: .*begins with ww/),
    ]);
    expect(await warned('wecom', 'corpId', 'ww0000000000000000')).toEqual([]);
  });

  it('a CorpID for an official account is refused with its type', async () => {
    const { problems } = await place();
    expect(await problems(YAML('').replace('wx0000000000000000', 'ww0000000000000000'))).toEqual([
      'config.yaml:3 credentials[0].appId: is a CorpID of WeCom (ww…), which belongs to type wecom',
    ]);
  });
});
