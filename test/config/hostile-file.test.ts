import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { loadConfig } from '../../src/config/load.ts';
import { verbatim } from '../../src/core/text.ts';
import { asNobody, temporaryFolder } from '../system/folder.ts';
import { account, inJson, type Place, place, withoutPlaces } from './written.ts';

const GOOD = `credentials:
  - name: shop
    appId: wx0000000000000000
    secretFile: $FOLDER/secrets/one
    publish: [{ type: file, path: $FOLDER/out/token }]
`;

const NO_YAML = expect.stringMatching(/^config\.yaml:\d+: is not valid YAML: .*must be in quotes$/);
const TOO_DEEP = expect.stringMatching(/^config\.yaml:\d+: is nested too deeply$/);

describe('files that are not valid YAML', () => {
  it.each<[string, string, unknown[]]>([
    [
      'a tab as indentation',
      `log:\n\tlevel: info\n${GOOD}`,
      ['config.yaml:2: is indented with a tab: YAML allows blanks only'],
    ],
    [
      'a second document',
      `${GOOD}---\n${GOOD}`,
      ['config.yaml:6: begins a second document (---): only one can count'],
    ],
    ['a schedule without quotes', `schedule: */5 * * * * *\n${GOOD}`, [NO_YAML]],
    [
      'an unclosed quote',
      `schedule: "*/5\n${GOOD}`,
      ['config.yaml:1: opens a quote (") that is never closed'],
    ],
    [
      'an unclosed bracket',
      `log: { level: info\n${GOOD}`,
      ['config.yaml:1: opens a bracket ({) that is never closed: a } is missing'],
    ],
    [
      'an unknown tag',
      `stateDir: !env STATE\n${GOOD}`,
      [expect.stringMatching(/^config\.yaml:1: holds a tag/)],
    ],
    [
      'a binary value',
      `stateDir: !!binary aGk=\n${GOOD}`,
      [expect.stringMatching(/^config\.yaml:1: holds a tag/)],
    ],
    ['50000 opening brackets', '['.repeat(50_000), [TOO_DEEP]],
    ['50000 dashes in a row', '- '.repeat(50_000), [TOO_DEEP]],
    [
      '1500 nested keys',
      Array.from({ length: 1500 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      [TOO_DEEP],
    ],
  ])('a file with %s is refused with the reason', async (_, text, expected) => {
    const { problems } = await place();
    expect(await problems(text)).toEqual(expected);
  });

  it('only the first ten syntax errors of a file are reported', async () => {
    const { problems } = await place();
    expect(await problems(']\n'.repeat(10_000))).toHaveLength(10);
  });

  it('the report stops after 5000 mistakes and says so', async () => {
    const { problems } = await place();
    const told = await problems(`credentials:\n${'  - { name: a, foo: 1 }\n'.repeat(6_000)}`);
    expect(told).toHaveLength(5_001);
    expect(told.at(-1)).toMatch(/what follows was not looked at$/);
  });

  it('a syntax error does not repeat file content, which may be a secret', async () => {
    const { problems } = await place();
    for (const text of [
      'a: *the-secret x',
      'a: !the-secret x',
      '@the-secret',
      'a: "\\q the-secret"',
      'the-secret: {',
    ]) {
      expect((await problems(text)).join()).not.toContain('the-secret');
    }
  });
});

describe('files that are no configuration', () => {
  const HOLDS = 'must hold keys with their values, credentials: among them, and holds';

  it.each<[string, string | Buffer, string]>([
    ['is empty', '', 'is empty'],
    ['holds comments alone', '# nothing yet\n', 'is empty'],
    ['holds a byte order mark alone', '\ufeff', 'is empty'],
    ['is a list', '- credentials', `${HOLDS} a list`],
    ['is a word', 'credentials', `${HOLDS} a single value`],
    ['is a number', '42', `${HOLDS} a single value`],
    ['is UTF-16', Buffer.from(`\ufeff${GOOD}`, 'utf16le'), 'looks like UTF-16: save it as UTF-8 (line 1)'],
    ['is Latin-1', Buffer.from('# caf\xe9\n', 'latin1'), 'is not valid UTF-8 (line 1)'],
    [
      'holds a NUL on its second line',
      Buffer.from('log:\n  level: \0\n'),
      'holds a NUL, the character of code 0 (line 2)',
    ],
    ['is 10 MB long', '#'.repeat(10 * 1024 * 1024), 'cannot be read (too large (10485760 bytes))'],
  ])('a configuration file that %s is refused', async (_, text, expected) => {
    const { problems } = await place();
    expect(await problems(text)).toEqual([`--config: $FOLDER/config.yaml ${expected}`]);
  });

  it.each<[string, (path: string) => Promise<unknown>, string]>([
    ['does not exist', async () => {}, 'ENOENT'],
    ['is a folder', (path) => mkdir(path), 'not a regular file'],
    [
      'is a FIFO that nobody writes into',
      async (path) => execFileSync('mkfifo', [path]),
      'not a regular file',
    ],
    ['is an endless device', (path) => symlink('/dev/zero', path), 'not a regular file'],
    ['is a link to itself', (path) => symlink(path, path), 'ELOOP'],
  ])('a configuration path that %s is refused', async (_, make, expected) => {
    const path = join(await temporaryFolder(), 'config.yaml');
    await make(path);
    const failure = await loadConfig({ WXTOKEN_CONFIG: path }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      problems: [
        {
          where: verbatim('WXTOKEN_CONFIG'),
          what: {
            en: `${path} cannot be read (${expected})`,
            zh: `${path} 无法读取（${expected.replace('not a regular file', '不是普通文件')}）`,
          },
        },
      ],
      inputs: [path],
    });
  });

  it('a configuration file without read permission is refused', async () => {
    const path = join(await temporaryFolder(), 'config.yaml');
    await writeFile(path, GOOD);
    await chmod(path, 0o000);
    const loading = asNobody(() => loadConfig({}, { file: path }));
    await expect(loading).rejects.toThrow(/cannot be read \(EACCES\)/);
  });
});

describe('accepted files', () => {
  it.each<[string, (text: string) => string]>([
    ['begin with a byte order mark', (text) => `\ufeff${text}`],
    ['have Windows line endings', (text) => text.replaceAll('\n', '\r\n')],
    ['carry YAML document markers', (text) => `%YAML 1.2\n---\n${text}...\n`],
    ['share settings through aliases', (text) => `platform: &p { timeout: 5s }\n${text}    platform: *p\n`],
  ])('a configuration file may %s', async (_, change) => {
    const { load } = await place();
    expect((await load(change(GOOD))).credentials).toMatchObject([{ name: 'shop' }]);
  });

  it('a configuration file may be JSON', async () => {
    const { load } = await place('config.json');
    const { credentials } = await load(inJson([account()], { $schema: './config.schema.json' }));
    expect(credentials).toMatchObject([{ name: 'shop' }]);
  });

  it('a configuration file may be a link to a link, as in Kubernetes volumes', async () => {
    const { folder, load } = await place();
    await load(GOOD);
    await symlink('.', join(folder, '..data'));
    await symlink('..data/config.yaml', join(folder, 'linked.yaml'));
    const file = join(folder, 'linked.yaml');
    const config = await loadConfig({}, { file, publishes: false });
    expect(config.inputs).toEqual([file, join(folder, 'secrets', 'one')]);
  });
});

describe('traps of older YAML', () => {
  const TRAPS: [string, string, string][] = [
    ['the word yes', 'optional: yes', 'optional: must be true or false'],
    ['the word off', 'allowForce: off', 'allowForce: must be true or false'],
    [
      'the octal number 0640',
      'publish: [{ type: file, path: $FOLDER/a, mode: 0640 }]',
      'publish[0].mode: must be an octal file mode in quotes, like "0640": without them it is another number',
    ],
    [
      'the octal number 0o640',
      'publish: [{ type: file, path: $FOLDER/a, mode: 0o640 }]',
      'publish[0].mode: must be an octal file mode in quotes, like "0640": without them it is another number',
    ],
    ['a sexagesimal number', 'recheck: 5:00', 'recheck: must be a duration with a unit, like 5m, or off'],
    [
      'a bare number as a duration',
      'rotationWindow: 300',
      'rotationWindow: must be a duration with a unit, like 90s, 10m or 2h',
    ],
    ['a key without a value', 'rotationWindow:', 'rotationWindow: has no value: give it one, or remove it'],
    ['a null value', 'rotationWindow: ~', 'rotationWindow: has no value: give it one, or remove it'],
    [
      'a merge key',
      '<<: { optional: true }',
      ' merge keys (<<) are not known here: say it in each, or in platform at the top, which counts for all',
    ],
  ];

  it.each(TRAPS)('%s is refused with advice on the right form', async (_, line, expected) => {
    const { problems } = await place();
    const text = line.startsWith('publish') ? GOOD.replace(/ {4}publish.*\n/, '') : GOOD;
    for (const head of ['', '%YAML 1.1\n---\n']) {
      const found = withoutPlaces(await problems(`${head}${text}    ${line}\n`));
      expect(found).toEqual([`credentials[0]${expected.startsWith(' ') ? ':' : '.'}${expected}`]);
    }
  });
});

describe('odd keys', () => {
  it('a duplicate key is reported at every level of the file', async () => {
    const { problems } = await place();
    const text = `log: { level: info, level: debug }\n${GOOD}    name: other\ncredentials: []\n`;
    expect(await problems(text)).toEqual([
      'config.yaml:1 log.level: is a duplicate key: only one of them can count',
      'config.yaml:7 credentials[0].name: is a duplicate key: only one of them can count',
      'config.yaml:8 credentials: is a duplicate key: only one of them can count',
    ]);
  });

  it('odd keys like __proto__ are refused and pollute no prototype', async () => {
    const { problems } = await place();
    const odd = ['__proto__', 'constructor', 'toString', '1', 'true', '""', `"${'k'.repeat(1000)}"`];
    const found = await problems(
      `${odd.map((name) => `${name}: { polluted: true }\n`).join('')}? [a]\n: b\n${GOOD}`,
    );
    expect(found).toHaveLength(odd.length + 1);
    expect(found.join('').length).toBeLessThan(3000);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('aliases', () => {
  const TOO_LARGE = expect.stringMatching(/is made too large by aliases/);

  it('a file that aliases would make too large is refused', async () => {
    const { problems } = await place();
    const levels = Array.from(
      { length: 12 },
      (_, level) =>
        `x${level}: &x${level} [${Array(10)
          .fill(level === 0 ? 'lol' : `*x${level - 1}`)
          .join(', ')}]`,
    );
    expect(await problems(`${levels.join('\n')}\n${GOOD}`)).toContainEqual(TOO_LARGE);
  });

  it('an alias that contains itself is refused', async () => {
    const { problems } = await place();
    expect(await problems('log: &a { level: *a }')).toContainEqual(
      expect.stringMatching(/nested too deeply/),
    );
    expect(await problems('credentials: &a [*a, *a, *a]')).toContainEqual(
      expect.stringMatching(/nested too deeply|too large/),
    );
  });

  it('an alias for nothing is refused with advice to quote the asterisk', async () => {
    const { problems } = await place();
    expect(await problems(`stateDir: *none\n${GOOD}`)).toEqual([
      'config.yaml:1 stateDir: is an alias for nothing: what begins with * must be in quotes',
    ]);
  });
});

describe('random content', () => {
  /** @returns what was wrong; anything but a ConfigError is thrown on */
  async function verdict({ load }: Place, text: string): Promise<string> {
    return await load(text).then(
      () => 'good',
      (error: unknown) => {
        if (error instanceof ConfigError) return error.message;
        throw error;
      },
    );
  }

  it('a random file is either read or refused with a message', async () => {
    const here = await place();
    const pieces = fc.constantFrom(
      ...GOOD.split(/(?<=[\n :{},[\]])/),
      '\t',
      '*a',
      '&a ',
      '- ',
      '"',
      '<<: ',
      '!!int ',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 60 }), async (parts) => {
        expect(await verdict(here, parts.join(''))).not.toBe('');
      }),
      { numRuns: 300 },
    );
  });

  it('a random value for a key is either read or refused with a message', async () => {
    const here = await place();
    const keys = [
      'name',
      'type',
      'appId',
      'secretFile',
      'publish',
      'notify',
      'tickets',
      'platform',
      'budget',
      'recheck',
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...keys), fc.jsonValue(), async (key, value) => {
        expect(await verdict(here, inJson([account({ [key]: value })], { [key]: value }))).not.toBe('');
      }),
      { numRuns: 300 },
    );
  });
});
