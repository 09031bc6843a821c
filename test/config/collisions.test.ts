import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { isRoot, namesIn, temporaryFolder } from '../system/folder.ts';
import { fetching, LEAST, problemsOf } from './configured.ts';

/** A folder with a secret, certificates, and a volume to publish into; and a link to all of it. */
async function place() {
  const folder = await temporaryFolder();
  const at = (...names: string[]) => join(folder, ...names);
  for (const name of ['volume', 'inputs']) await mkdir(at(name));
  await writeFile(at('inputs', 'secret'), '0'.repeat(32));
  await writeFile(at('inputs', 'ca.pem'), '-----BEGIN CERTIFICATE-----\n');
  await symlink('.', at('link'));
  return at;
}

const willPublish = async (environment: Readonly<Record<string, string>>) =>
  fetching(await loadConfig(environment));

type Names = Readonly<Record<string, string>>;

/** What is wrong with paths within one place, as variables without their `WXTOKEN_`, for someone who will publish. */
async function wrongWith(names: Names, at?: Awaited<ReturnType<typeof place>>): Promise<string[]> {
  const within = at ?? (await place());
  const paths = Object.entries({ FILE: '/volume/token', ...names }).map(
    ([name, path]) => [`WXTOKEN_${name}`, path.startsWith('/') ? within(path) : path] as const,
  );
  const problems = await problemsOf({ ...LEAST, ...Object.fromEntries(paths) }, willPublish);
  return problems.map((problem) => problem.replaceAll(within(), ''));
}

const SECRET_LOST =
  'WXTOKEN_SECRET_FILE: is a file that would be published: the AppSecret would be overwritten';
const CA_LOST = 'WXTOKEN_CA_FILE: is a file that would be published: the certificates would be overwritten';

describe('what is published may not overwrite what is read', () => {
  it.each<[string, Names, string[]]>([
    ['the secret file', { FILE: '/inputs/secret', SECRET_FILE: '/inputs/secret' }, [SECRET_LOST]],
    [
      'the secret file, by another name',
      { FILE: '/inputs/secret', SECRET_FILE: '/link/link/inputs/secret' },
      [SECRET_LOST],
    ],
    [
      'the secret file, where the token has another name',
      { FILE: '/link/inputs/secret', SECRET_FILE: '/inputs/../inputs/secret' },
      [SECRET_LOST],
    ],
    ['the certificates', { FILE: '/link/inputs/ca.pem', CA_FILE: '/inputs/ca.pem' }, [CA_LOST]],
    [
      'either',
      { FILE: '/inputs/secret', SECRET_FILE: '/inputs/secret', CA_FILE: '/inputs/ca.pem' },
      [SECRET_LOST],
    ],
  ])('%s', async (_, names, expected) => {
    expect(await wrongWith(names)).toEqual(expected);
  });

  it('with its details', async () => {
    const at = await place();
    await writeFile(at('volume', 'token.json'), '0'.repeat(32));
    const names = { SECRET_FILE: '/volume/token.json', CA_FILE: '/inputs/ca.pem' };
    expect(await wrongWith(names, at)).toEqual([SECRET_LOST]);
  });

  it('the link that leads to the secret', async () => {
    const at = await place();
    await symlink('../inputs/secret', at('volume', 'token.json'));
    expect(await wrongWith({ SECRET_FILE: '/volume/token.json' }, at)).toEqual([SECRET_LOST]);
  });
});

describe('what is published may not be, hold or lie in', () => {
  const inState = (file: string, folder: string) =>
    `WXTOKEN_FILE: ${file} may not be, hold or lie in the state folder ${folder}`;
  const inFeedback = (file: string, folder: string) =>
    `WXTOKEN_FILE: ${file} may not be, hold or lie in the feedback folder ${folder}`;

  it.each<[string, Names, string[]]>([
    ['the state folder: be', { STATE_DIR: '/volume/token' }, [inState('/volume/token', '/volume/token')]],
    [
      'the state folder: hold',
      { STATE_DIR: '/volume/token/a' },
      [inState('/volume/token', '/volume/token/a')],
    ],
    ['the state folder: lie in', { STATE_DIR: '/link/volume' }, [inState('/volume/token', '/link/volume')]],
    [
      'the state folder: lie deep in',
      { FILE: '/volume/a/b/token', STATE_DIR: '/volume' },
      [inState('/volume/a/b/token', '/volume')],
    ],
    [
      'the state folder: be with its details',
      { STATE_DIR: '/volume/token.json' },
      [inState('/volume/token.json', '/volume/token.json')],
    ],
    [
      'the feedback folder: be',
      { FEEDBACK_DIR: '/volume/token' },
      [inFeedback('/volume/token', '/volume/token')],
    ],
    [
      'the feedback folder: lie in',
      { FEEDBACK_DIR: '/link/volume/' },
      [inFeedback('/volume/token', '/link/volume')],
    ],
    [
      'both',
      { STATE_DIR: '/volume/token/state', FEEDBACK_DIR: '/volume/token/feedback' },
      [
        inState('/volume/token', '/volume/token/state'),
        inFeedback('/volume/token', '/volume/token/feedback'),
      ],
    ],
  ])('%s', async (_, names, expected) => {
    expect(await wrongWith(names)).toEqual(expected);
  });

  it('while folders beside it are as they should be', async () => {
    const at = await place();
    const good = {
      ...LEAST,
      WXTOKEN_FILE: at('volume/token'),
      WXTOKEN_SECRET_FILE: at('inputs/secret'),
      WXTOKEN_CA_FILE: at('inputs/ca.pem'),
    };
    await loadConfig(good);
    await loadConfig({ ...good, WXTOKEN_FEEDBACK_DIR: at('volume/feedback') });
    await loadConfig({ ...good, WXTOKEN_STATE_DIR: at('volume/token-state') });
    await loadConfig({ ...good, WXTOKEN_STATE_DIR: at('state'), WXTOKEN_FEEDBACK_DIR: at('state-too') });
  });
});

describe('the feedback folder', () => {
  const BOTH = 'WXTOKEN_FEEDBACK_DIR: may not be, hold or lie in the state folder';

  it.each<[string, Names, string]>([
    ['be the state folder', { STATE_DIR: '/a/b', FEEDBACK_DIR: '/link/a/b' }, `${BOTH} /a/b`],
    [
      'be the default one',
      { FEEDBACK_DIR: '/volume/.wx-token-sidecar' },
      `${BOTH} /volume/.wx-token-sidecar`,
    ],
    ['lie in the state folder', { STATE_DIR: '/a', FEEDBACK_DIR: '/a/requests' }, `${BOTH} /a`],
    ['hold the state folder', { STATE_DIR: '/a/b', FEEDBACK_DIR: '/a' }, `${BOTH} /a/b`],
    [
      'hold the secret, which would be removed',
      { SECRET_FILE: '/inputs/secret', FEEDBACK_DIR: '/link/inputs' },
      'WXTOKEN_SECRET_FILE: lies in the feedback folder /link/inputs, where the AppSecret would be removed',
    ],
  ])('may not %s', async (_, names, expected) => {
    expect(await wrongWith(names)).toEqual([expected]);
  });
});

describe('what cannot be written is told with all the rest', () => {
  const TWO_MORE = { APPID: '?', SCHEDULE: 'often' };
  const variables = (problems: readonly string[]) => problems.map((problem) => problem.split(':')[0]).sort();

  it('and nothing is created to find out', async () => {
    const at = await place();
    await symlink('elsewhere', at('volume', 'token'));
    await mkdir(at('volume', 'token.json'));
    expect(variables(await wrongWith({ ...TWO_MORE, FEEDBACK_DIR: '/feedback/a' }, at))).toEqual([
      'WXTOKEN_APPID',
      'WXTOKEN_FILE',
      'WXTOKEN_FILE',
      'WXTOKEN_SCHEDULE',
    ]);
    expect(variables(await wrongWith({ ...TWO_MORE, FILE: '/new/deep/token' }, at))).toEqual([
      'WXTOKEN_APPID',
      'WXTOKEN_SCHEDULE',
    ]);
    expect(await namesIn(at())).toEqual(['inputs', 'link', 'volume']);
    expect(await namesIn(at('volume'))).toEqual(['token', 'token.json']);
  });

  it('once, where it is the same for the token and its details', async () => {
    const at = await place();
    await writeFile(at('file'), '');
    expect(await wrongWith({ FILE: '/file/token' }, at)).toEqual([
      'WXTOKEN_FILE: cannot create the folder /file: EEXIST; ' +
        'there is a file where the folder should be: remove it, or name another path',
    ]);
    expect(await wrongWith({ FILE: '/file/deep/token' }, at)).toEqual([
      'WXTOKEN_FILE: cannot create the folder /file/deep: ENOTDIR; a part of the path is a file, not a folder',
    ]);
  });

  it('also a state folder that an access-token needs', async () => {
    const at = await place();
    await writeFile(at('file'), '');
    const unusable = { TYPE: 'access-token', STATE_DIR: '/file/deep/state' };
    const said = expect.stringMatching(
      /^WXTOKEN_STATE_DIR: cannot create the folder \/file\/deep\/state: ENOTDIR/,
    );
    expect(await wrongWith(unusable, at)).toEqual([said]);
    expect(await wrongWith({ ...unusable, FILE: '/file/token' }, at)).toEqual([
      expect.stringMatching(/^WXTOKEN_FILE: /),
      said,
    ]);
    // The default one lies beside the token: one fault, one line.
    expect(await wrongWith({ TYPE: 'access-token', FILE: '/file/token' }, at)).toHaveLength(1);
  });

  it('a folder of somebody else', async (ctx) => {
    if (isRoot) return ctx.skip('root may write everywhere');
    const at = await place();
    await chmod(at('volume'), 0o555);
    ctx.onTestFinished(() => chmod(at('volume'), 0o755));
    const advice =
      'EACCES; give the daemon write permission on the folder (in Kubernetes: securityContext.fsGroup)';
    expect(await wrongWith({}, at)).toEqual([`WXTOKEN_FILE: cannot write into /volume: ${advice}`]);
    expect(await wrongWith({ FILE: '/volume/a/b/token' }, at)).toEqual([
      `WXTOKEN_FILE: cannot create the folder /volume/a/b: ${advice}`,
    ]);
  });

  it('but not to who only asks the daemon', async () => {
    const at = await place();
    await writeFile(at('file'), '');
    await loadConfig({ ...LEAST, WXTOKEN_FILE: at('file/token') }, { publishes: false });
  });

  it('and a default is not blamed where what was given is wrong', async () => {
    expect(await wrongWith({ FILE: 'token' })).toEqual([
      'WXTOKEN_FILE: must be an absolute path to a file or folder',
    ]);
    expect(await wrongWith({ STATE_DIR: 'state', TYPE: 'access-token' })).toEqual([
      'WXTOKEN_STATE_DIR: must be an absolute path to a file or folder',
    ]);
  });
});
