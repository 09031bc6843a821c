import { readdir, readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { loadConfig } from '../../src/config/load.ts';
import { Document } from '../../src/config/schema/index.ts';
import { credentialKinds } from '../../src/providers/kinds.ts';
import { key, list, preset } from '../../src/schema/blocks.ts';
import { complaintsOf, say } from '../../src/schema/message.ts';
import { expectChinese } from './told.ts';
import { place } from './written.ts';

/** Any part of the schema: a schema, or an action in a pipe of one. */
interface Part {
  readonly kind: 'schema' | 'validation' | 'transformation' | 'metadata';
  readonly type: string;
  readonly message?: unknown;
  readonly pipe?: readonly Part[];
  readonly wrapped?: Part;
  readonly item?: Part;
  readonly entries?: Readonly<Record<string, Part>>;
  readonly options?: readonly (Part | string)[];
}

interface Found {
  readonly path: string;
  readonly part: Part;
}

/** Everything in a schema that may refuse a value, with where it is. */
function refusersIn(part: Part, path: string): Found[] {
  const { pipe, wrapped, item, entries, options = [] } = part;
  if (pipe) return pipe.flatMap((one) => refusersIn(one, path));
  const inside = [
    ...(wrapped ? refusersIn(wrapped, path) : []),
    ...(item ? refusersIn(item, `${path}[]`) : []),
    ...Object.entries(entries ?? {}).flatMap(([name, one]) => refusersIn(one, `${path}.${name}`)),
    ...options.flatMap((one) => (typeof one === 'string' ? [] : refusersIn(one, path))),
  ];
  const mayRefuse = part.kind === 'schema' ? !wrapped : part.kind === 'validation';
  return [...(mayRefuse ? [{ path, part }] : []), ...inside];
}

/** What a choice between schemas says stands for what each of them would. */
const BELOW_A_CHOICE = new Set(['literal', 'string', 'number']);

const REFUSERS = refusersIn(Document as unknown as Part, '').filter(
  ({ part }) => part.message !== undefined || !BELOW_A_CHOICE.has(part.type),
);

/** Checks that say what is wrong themselves. */
const SAYS_ITSELF = new Set(['raw_check']);

describe('what the schema complains of', () => {
  it('every schema and every check of the configuration complains in Chinese as well', () => {
    expect(REFUSERS.length).toBeGreaterThan(250);
    for (const { path, part } of REFUSERS) {
      if (SAYS_ITSELF.has(part.type)) continue;
      const { message } = part;
      if (typeof message !== 'function') throw new Error(`${path} (${part.type}) says nothing of its own`);
      for (const input of ['', 'wx 0', '/a/', 5])
        for (const expected of ['Object', null]) {
          const said = (lang: string) => message({ lang, input, expected }) as string;
          expectChinese({ en: said('en'), zh: said('zh') });
        }
    }
  });

  it('a message in English alone does not compile', () => {
    const isRight = key(v.pipe(v.string(say({ en: 'must be text', zh: '必须是文本' }))), 'A text.');
    // @ts-expect-error its schema says a string
    const ofSchema = key(v.string('must be text'), 'A text.');
    // @ts-expect-error its check says a string
    const ofCheck = preset(v.pipe(v.string(), v.minLength(1, 'must not be empty')), 'A text.', 'x');
    // @ts-expect-error its items say a string
    const ofItems = list(v.string('must be text'), { en: 'must be a list', zh: '必须是列表' });
    const received = v.string((issue) => `must not be ${issue.received}`);
    // @ts-expect-error its message depends on the value
    const ofFunction = key(received, 'A text.');
    expect([isRight, ofSchema, ofCheck, ofItems, ofFunction]).toHaveLength(5);
  });

  it('what is wrong with a value is the same in both languages, one by one', () => {
    const wrong = {
      schedule: '* * *',
      log: { level: 'loud' },
      credentials: [{ name: 'A', appId: 'x y', publish: [{ type: 'file', path: 5 }, 'token'] }],
    };
    const complaints = complaintsOf(Document, wrong);
    expect(complaints.map(({ issue }) => v.getDotPath(issue))).toEqual([
      'schedule',
      'log.level',
      'credentials.0.name',
      'credentials.0.appId',
      'credentials.0.publish.0.path',
      'credentials.0.publish.1',
    ]);
    for (const { what } of complaints) expectChinese(what);
    expect(complaints[1]?.what.zh).toBe('必须是 error、warn、info 或 debug');
  });

  it('every type of credential says in Chinese when its token is replaced', () => {
    for (const { timing } of credentialKinds) if (typeof timing !== 'string') expectChinese(timing.none);
  });
});

describe('the language of what is wrong', () => {
  const languageOf = async (text: string, environment: Readonly<Record<string, string>> = {}) => {
    const { load } = await place();
    const failure = await load(text, environment).catch((error: unknown) => error);
    if (!(failure instanceof ConfigError)) throw new Error('nothing is wrong with it', { cause: failure });
    for (const { what } of failure.problems) expectChinese(what);
    return failure.language;
  };

  it.for([
    ['a file with mistakes', 'language: zh\ncredentials: 5\n', 'zh'],
    ['a file that is no YAML', 'language: zh\ncredentials:\n\t- name: shop\n', 'zh'],
    ['a file that is no YAML above its language', 'log: { level: [\nlanguage: "zh" # for us\n', 'zh'],
    ['broken JSON', '{ "language": "zh",\n  "credentials": [ }\n', 'zh'],
    ['broken JSON over several lines', '{\n  "language": "zh",\n  "credentials": [ }\n', 'zh'],
    ['a file in English', 'language: en\ncredentials: 5\n', 'en'],
    ['a file with another language', 'language: fr\ncredentials: 5\n', undefined],
    ['a file without one', 'credentials: 5\n', undefined],
    ['a word that is no key', 'credentials: [ # language: zh\n', undefined],
  ] as const)('%s is told as the file says', async ([, text, language]) => {
    expect(await languageOf(text)).toBe(language);
  });

  it('the variable comes before the file, unless it names no language', async () => {
    const text = 'language: zh\ncredentials: 5\n';
    expect(await languageOf(text, { WXTOKEN_LANGUAGE: 'en' })).toBe('en');
    expect(await languageOf(text, { WXTOKEN_LANGUAGE: 'deutsch' })).toBe('zh');
    expect(await languageOf('credentials: [', { WXTOKEN_LANGUAGE: 'zh' })).toBe('zh');
  });

  it('a file that cannot be read leaves the variable alone to say it', async () => {
    const environment = { WXTOKEN_CONFIG: '/nonexistent/config.yaml', WXTOKEN_LANGUAGE: 'zh' };
    await expect(loadConfig(environment)).rejects.toMatchObject({ language: 'zh' });
  });
});

describe('complaints of the configuration', () => {
  it('no complaint is made of words that are the same in every language', async () => {
    const folders = ['src/config', 'src/publishers', 'src/providers'];
    const names = await Promise.all(
      folders.map(async (folder) =>
        (await readdir(folder, { recursive: true })).map((name) => `${folder}/${name}`),
      ),
    );
    for (const path of names.flat().filter((name) => name.endsWith('.ts'))) {
      const source = await readFile(path, 'utf8');
      expect(source, path).not.toMatch(/(?:complain|refuse|collide)\([^;]*verbatim\(/);
      expect(source, path).not.toMatch(/what: verbatim\(/);
    }
  });
});
