import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { isRoot, namesIn, temporaryFolder } from '../../system/folder.ts';
import { program } from '../../system/program.ts';
import { fetching, LEAST, problemsOf } from '../configured.ts';

const NOBODY = 65_534;
const checker = program(new URL('../checker.ts', import.meta.url));

/** A folder with a secret, certificates, and a volume to publish into; and a link to all of it. */
async function place() {
  const folder = await temporaryFolder();
  const at = (...names: string[]) => join(folder, ...names);
  for (const name of ['volume', 'inputs']) await mkdir(at(name));
  await writeFile(at('inputs', 'secret'), '0'.repeat(32));
  await writeFile(at('inputs', 'ca.pem'), `${rootCertificates[0]}\n`);
  await symlink('.', at('link'));
  return at;
}

const willPublish = async (environment: Readonly<Record<string, string>>) =>
  fetching(await loadConfig(environment));

type Names = Readonly<Record<string, string>>;

/** What is wrong with an environment for someone who will publish. */
const problemsHere = (environment: Names) => problemsOf(environment, willPublish);

/** The same for somebody else than root, who may write everywhere. */
async function problemsOfAnother(environment: Names): Promise<string[]> {
  const another = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  return JSON.parse(await checker.run([JSON.stringify(environment)], another));
}

/** What is wrong with paths within one place, as variables without their `WXTOKEN_`. */
async function wrongWith(
  names: Names,
  at?: Awaited<ReturnType<typeof place>>,
  find = problemsHere,
): Promise<string[]> {
  const within = at ?? (await place());
  const paths = Object.entries({ FILE: '/volume/token', ...names }).map(
    ([name, path]) => [`WXTOKEN_${name}`, path.startsWith('/') ? within(path) : path] as const,
  );
  const problems = await find({ ...LEAST, ...Object.fromEntries(paths) });
  return problems.map((problem) => problem.replaceAll(within(), ''));
}

const SECRET_LOST =
  'WXTOKEN_SECRET_FILE: is a file that would be published: the AppSecret would be overwritten';
const CA_LOST = 'WXTOKEN_CA_FILE: is a file that would be published: the certificates would be overwritten';

describe('published files and input files', () => {
  it.each<[string, Names, string[]]>([
    ['the secret file', { FILE: '/inputs/secret', SECRET_FILE: '/inputs/secret' }, [SECRET_LOST]],
    [
      'the secret file named through a link',
      { FILE: '/inputs/secret', SECRET_FILE: '/link/link/inputs/secret' },
      [SECRET_LOST],
    ],
    [
      'the secret file through a link in its own path',
      { FILE: '/link/inputs/secret', SECRET_FILE: '/inputs/../inputs/secret' },
      [SECRET_LOST],
    ],
    ['the CA file', { FILE: '/link/inputs/ca.pem', CA_FILE: '/inputs/ca.pem' }, [CA_LOST]],
    [
      'the secret file beside a CA file',
      { FILE: '/inputs/secret', SECRET_FILE: '/inputs/secret', CA_FILE: '/inputs/ca.pem' },
      [SECRET_LOST],
    ],
  ])('a published file may not overwrite %s', async (_, names, expected) => {
    expect(await wrongWith(names)).toEqual(expected);
  });

  it('the details file of a token may not overwrite the secret file', async () => {
    const at = await place();
    await writeFile(at('volume', 'token.json'), '0'.repeat(32));
    const names = { SECRET_FILE: '/volume/token.json', CA_FILE: '/inputs/ca.pem' };
    expect(await wrongWith(names, at)).toEqual([SECRET_LOST]);
  });

  it('the details file of a token may not overwrite a link to the secret file', async () => {
    const at = await place();
    await symlink('../inputs/secret', at('volume', 'token.json'));
    expect(await wrongWith({ SECRET_FILE: '/volume/token.json' }, at)).toEqual([SECRET_LOST]);
  });
});

describe('published files and working folders', () => {
  const inState = (file: string, folder: string) =>
    `WXTOKEN_FILE: ${file} may not be, hold or lie in the state folder ${folder}`;
  const inFeedback = (file: string, folder: string) =>
    `WXTOKEN_FILE: ${file} may not be, hold or lie in the feedback folder ${folder}`;

  it.each<[string, Names, string[]]>([
    ['be the state folder', { STATE_DIR: '/volume/token' }, [inState('/volume/token', '/volume/token')]],
    [
      'be a parent of the state folder',
      { STATE_DIR: '/volume/token/a' },
      [inState('/volume/token', '/volume/token/a')],
    ],
    ['lie in the state folder', { STATE_DIR: '/link/volume' }, [inState('/volume/token', '/link/volume')]],
    [
      'lie deep in the state folder',
      { FILE: '/volume/a/b/token', STATE_DIR: '/volume' },
      [inState('/volume/a/b/token', '/volume')],
    ],
    [
      'have its details file at the state folder',
      { STATE_DIR: '/volume/token.json' },
      [inState('/volume/token.json', '/volume/token.json')],
    ],
    [
      'be the feedback folder',
      { FEEDBACK_DIR: '/volume/token' },
      [inFeedback('/volume/token', '/volume/token')],
    ],
    [
      'lie in the feedback folder',
      { FEEDBACK_DIR: '/link/volume/' },
      [inFeedback('/volume/token', '/link/volume')],
    ],
    [
      'be a parent of both the state and the feedback folder',
      { STATE_DIR: '/volume/token/state', FEEDBACK_DIR: '/volume/token/feedback' },
      [
        inState('/volume/token', '/volume/token/state'),
        inFeedback('/volume/token', '/volume/token/feedback'),
      ],
    ],
  ])('a published file may not %s', async (_, names, expected) => {
    expect(await wrongWith(names)).toEqual(expected);
  });

  it('state and feedback folders beside the published file are accepted', async () => {
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

describe('feedback folder', () => {
  const BOTH = 'WXTOKEN_FEEDBACK_DIR: may not be, hold or lie in the state folder';

  it.each<[string, Names, string]>([
    ['be the state folder', { STATE_DIR: '/a/b', FEEDBACK_DIR: '/link/a/b' }, `${BOTH} /a/b`],
    [
      'be the default state folder',
      { FEEDBACK_DIR: '/volume/.wx-token-sidecar' },
      `${BOTH} /volume/.wx-token-sidecar`,
    ],
    ['lie in the state folder', { STATE_DIR: '/a', FEEDBACK_DIR: '/a/requests' }, `${BOTH} /a`],
    ['hold the state folder', { STATE_DIR: '/a/b', FEEDBACK_DIR: '/a' }, `${BOTH} /a/b`],
    [
      'hold the secret file, which would be removed',
      { SECRET_FILE: '/inputs/secret', FEEDBACK_DIR: '/link/inputs' },
      'WXTOKEN_SECRET_FILE: lies in the feedback folder /link/inputs, where the AppSecret would be removed',
    ],
  ])('the feedback folder may not %s', async (_, names, expected) => {
    expect(await wrongWith(names)).toEqual([expected]);
  });
});

describe('paths that cannot be written', () => {
  const TWO_MORE = { APPID: '?', SCHEDULE: 'often' };
  const variables = (problems: readonly string[]) => problems.map((problem) => problem.split(':')[0]).sort();

  it('an unwritable file is reported with the other mistakes, and checking creates nothing', async () => {
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

  it('a folder that cannot be created is reported once for token and details', async () => {
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

  it('an unusable state folder is reported when an access-token needs it', async () => {
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

  it('a folder without write permission is reported with advice', async (ctx) => {
    const at = await place();
    await chmod(at('volume'), 0o555);
    ctx.onTestFinished(() => chmod(at('volume'), 0o755));
    const advice =
      'EACCES; give the daemon write permission on the folder (in Kubernetes: securityContext.fsGroup)';
    expect(await wrongWith({}, at, problemsOfAnother)).toEqual([
      `WXTOKEN_FILE: cannot write into /volume: ${advice}`,
    ]);
    expect(await wrongWith({ FILE: '/volume/a/b/token' }, at, problemsOfAnother)).toEqual([
      `WXTOKEN_FILE: cannot create the folder /volume/a/b: ${advice}`,
    ]);
  });

  it('an unwritable folder does not matter to a command that publishes nothing', async () => {
    const at = await place();
    await writeFile(at('file'), '');
    await loadConfig({ ...LEAST, WXTOKEN_FILE: at('file/token') }, { publishes: false });
  });

  it('an invalid path is reported without any complaint about a default path', async () => {
    expect(await wrongWith({ FILE: 'token' })).toEqual([
      'WXTOKEN_FILE: must be an absolute path to a file or folder',
    ]);
    expect(await wrongWith({ STATE_DIR: 'state', TYPE: 'access-token' })).toEqual([
      'WXTOKEN_STATE_DIR: must be an absolute path to a file or folder',
    ]);
  });
});
