import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { account, inJson, place, withoutPlaces } from './written.ts';

type Keys = Readonly<Record<string, unknown>>;

const FILE = { type: 'file', path: '$FOLDER/out/token' };
const WECOM = { type: 'wecom', appId: undefined, corpId: 'ww0000000000000000' };

describe('duplicate accounts', () => {
  const SAME = 'the same account and type as credentials[0]: let one credential publish for both';

  async function both(first: Keys, second: Keys): Promise<string[]> {
    const { problems } = await place();
    const one = account({ name: 'one', ...first });
    const two = account({ name: 'two', publish: [{ type: 'file', path: '$FOLDER/out/two' }], ...second });
    return withoutPlaces(await problems(inJson([one, two])));
  }

  it('two credentials with the same name are refused', async () => {
    expect(await both({}, { name: 'one', appId: 'wx0000000000000001' })).toEqual([
      'credentials[1].name: is the name of credentials[0] as well',
    ]);
  });

  it('two credentials with the same AppID and type are refused', async () => {
    expect(await both({}, { secretFile: '$FOLDER/secrets/two' })).toEqual([`credentials[1].appId: ${SAME}`]);
  });

  it('two credentials with the same corp and secret are refused', async () => {
    expect(await both(WECOM, WECOM)).toEqual([
      'credentials[1].corpId: the same corp and secret as credentials[0]: let one credential publish for both',
    ]);
  });

  it('credentials may share an AppID or CorpID when type, platform or secret differs', async () => {
    const { load } = await place();
    const elsewhere = { platform: { baseUrl: 'http://127.0.0.1:1' } };
    const others = [
      { type: 'access-token' },
      elsewhere,
      WECOM,
      { ...WECOM, secretFile: '$FOLDER/secrets/two' },
    ];
    const accounts = [{}, ...others].map((own, index) =>
      account({ name: `n${index}`, publish: [{ type: 'file', path: `$FOLDER/out/${index}` }], ...own }),
    );
    expect((await load(inJson(accounts))).credentials).toHaveLength(5);
  });
});

describe('keys of Kubernetes Secrets', () => {
  const SECRET = { type: 'kubernetes-secret', namespace: 'shop', name: 'wx-token', key: 'token' };

  async function found(...targets: readonly object[]): Promise<string[]> {
    const { problems } = await place();
    const publish = [FILE, SECRET, ...targets];
    return withoutPlaces(await problems(inJson([account({ publish })])));
  }

  it.each<[string, object, string]>([
    ['the key of another target', SECRET, 'token'],
    ['the details key of another target', { ...SECRET, key: 'token.json' }, 'token.json'],
  ])('a target may not publish to %s in the same Secret', async (_, target, key) => {
    expect(await found(target)).toEqual([
      `credentials[0].publish[2].key: ${key} of the Secret shop/wx-token is published by credentials[0].publish[1].key already`,
    ]);
  });

  it('targets may use the same key in different Secrets or namespaces', async () => {
    const { load } = await place();
    const publish = [
      SECRET,
      { ...SECRET, namespace: 'other' },
      { ...SECRET, name: 'other' },
      { ...SECRET, key: 'b' },
    ];
    const { credentials } = await load(inJson([account({ publish })], { stateDir: '$FOLDER/state' }));
    expect(credentials[0]?.publish).toEqual(
      publish.map((target) => ({ ...target, of: 'token', format: 'raw' })),
    );
  });
});

describe('state folder', () => {
  it('a state folder must be set when nothing is published into a file', async () => {
    const { problems } = await place();
    const publish = [{ type: 'kubernetes-secret', namespace: 'shop', name: 'wx-token', key: 'token' }];
    expect(withoutPlaces(await problems(inJson([account({ publish })])))).toEqual([
      'stateDir: is required where nothing is published into a file: the folder for restart memory',
    ]);
  });
});

describe('published files', () => {
  const published = (...paths: readonly string[]) => ({ publish: paths.map((path) => ({ ...FILE, path })) });
  const DETAILS = ' (details: false leaves out PATH.json)';

  it.each<[string, Keys, string[]]>([
    [
      'another target at the same path',
      published('$FOLDER/a', '$FOLDER/b/../a'),
      [
        'credentials[0].publish[1].path: $FOLDER/b/../a is published by credentials[0].publish[0].path already' +
          DETAILS,
      ],
    ],
    [
      'another target through a link',
      published('$FOLDER/a', '$FOLDER/link/a'),
      [
        'credentials[0].publish[1].path: $FOLDER/link/a is published by credentials[0].publish[0].path already' +
          DETAILS,
      ],
    ],
    [
      'the details file of another target',
      published('$FOLDER/a', '$FOLDER/a.json'),
      [
        `credentials[0].publish[1].path: $FOLDER/a.json is published by credentials[0].publish[0].path already${DETAILS}`,
      ],
    ],
    [
      'the folder of another target',
      published('$FOLDER/a', '$FOLDER/a/b'),
      ['credentials[0].publish[1].path: lies in $FOLDER/a, which is published as a file'],
    ],
    [
      'the configuration file',
      published('$FOLDER/link/config.yaml'),
      ['credentials[0].publish[0].path: $FOLDER/link/config.yaml is the configuration itself'],
    ],
    [
      'the secret file',
      published('$FOLDER/link/secrets/one'),
      ['credentials[0].secretFile: is a file that would be published: the AppSecret would be overwritten'],
    ],
  ])('a published file may not collide with %s', async (_, own, expected) => {
    const { folder, problems } = await place();
    await symlink('.', join(folder, 'link'));
    const found = withoutPlaces(await problems(inJson([account(own)])));
    expect(found).toHaveLength(expected.length);
    for (const problem of expected) expect(found.join('\n')).toContain(problem.replace(DETAILS, ''));
  });

  it('one account may not publish to the secret file of another', async () => {
    const { problems } = await place();
    const two = {
      name: 'two',
      appId: 'wx0000000000000001',
      secretFile: '$FOLDER/secrets/two',
      ...published('$FOLDER/secrets/one'),
    };
    expect(withoutPlaces(await problems(inJson([account(), account(two)])))).toEqual([
      'credentials[0].secretFile: is a file that would be published: the AppSecret would be overwritten',
    ]);
  });

  it('the feedback folder may not hold the configuration file', async () => {
    const { problems } = await place();
    const keys = { feedback: { directory: '$FOLDER' }, stateDir: '/state' };
    const found = withoutPlaces(await problems(inJson([account()], keys)));
    expect(found).toContain('feedback.directory: holds the configuration, which would be removed');
  });

  it('a folder that cannot be created is reported once for all targets in it', async () => {
    const { folder, problems } = await place();
    await writeFile(join(folder, 'out'), '');
    const many = Array.from({ length: 5 }, (_, index) =>
      account({ name: `n${index}`, appId: `wx000${index}`, ...published(`$FOLDER/out/${index}`) }),
    );
    expect(withoutPlaces(await problems(inJson(many), {}, { publishes: true }))).toEqual([
      'credentials[0].publish[0].path: cannot create the folder $FOLDER/out: EEXIST; ' +
        'there is a file where the folder should be: remove it, or name another path',
    ]);
    expect(await problemsOfFolder()).toEqual([
      expect.stringMatching(
        /^credentials\[0\]\.publish\[0\]\.path: .*\/a is there already and is not a regular file/,
      ),
    ]);
  });

  async function problemsOfFolder(): Promise<string[]> {
    const { folder, problems } = await place();
    await mkdir(join(folder, 'a'));
    return withoutPlaces(await problems(inJson([account(published('$FOLDER/a'))]), {}, { publishes: true }));
  }
});
