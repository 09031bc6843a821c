import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { isExposed, secretReader } from '../../src/config/secret-file.ts';
import { asNobody, isRoot, temporaryFolder } from '../system/folder.ts';
import { credentialWith, LEAST, problemsOf, problemsWith } from './configured.ts';
import { account, inJson, place, withoutPlaces } from './written.ts';

const SECRET = 'the-secret-of-this-test-00000000';
const APPID = { WXTOKEN_APPID: LEAST.WXTOKEN_APPID };
const ALONE = 'must hold the AppSecret alone, on one line and without blanks';

const QUOTED = (quote: string) =>
  `stands in quotes (${quote}), which are part of the value here, as docker --env-file leaves them: remove them`;
const PLACEHOLDER = 'is the placeholder of an example: put the AppSecret there';

async function file(content: string | Buffer, name = 'secret'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, content);
  return path;
}

async function fifo(): Promise<string> {
  const path = join(await temporaryFolder(), 'fifo');
  execFileSync('mkfifo', [path]);
  return path;
}

async function secretOf(environment: Readonly<Record<string, string>>): Promise<string> {
  const { credential } = await credentialWith(environment);
  return (await secretReader(credential.secret)()).reveal();
}

/** What is no AppSecret, and what is said of it. */
const ODD: readonly [string, string, string][] = [
  ['nothing but a newline', '\n', 'is empty'],
  ['nothing but a byte order mark', '\ufeff', 'is empty'],
  ['two trailing newlines', `${SECRET}\n\n`, `${ALONE}: it ends in a line break (U+000A): remove it`],
  [
    'two lines',
    `${SECRET}\nsecond`,
    `${ALONE}: its character 33 is a line break (U+000A), where only visible characters of ASCII are usual`,
  ],
  ['a leading space', ` ${SECRET}`, `${ALONE}: it begins with a blank (U+0020): remove it`],
  ['a trailing space', `${SECRET} \n`, `${ALONE}: it ends in a blank (U+0020): remove it`],
  [
    'a space inside',
    `the secret`,
    `${ALONE}: its character 4 is a blank (U+0020), where only visible characters of ASCII are usual`,
  ],
  ['a tab', `${SECRET}\t`, `${ALONE}: it ends in a tab (U+0009): remove it`],
  ['a zero-width space', `${SECRET}\u200b`, `${ALONE}: it ends in a zero-width space (U+200B): remove it`],
  ['a no-break space', `${SECRET}\u00a0`, `${ALONE}: it ends in a no-break space (U+00A0): remove it`],
  [
    'a byte order mark inside',
    `the\ufeff${SECRET}`,
    `${ALONE}: its character 4 is a byte order mark (U+FEFF), where only visible characters of ASCII are usual`,
  ],
  [
    'a control character',
    `${SECRET}\u007f`,
    `${ALONE}: its character 33 is U+007F, where only visible characters of ASCII are usual`,
  ],
  [
    'letters of another script',
    'секрет',
    `${ALONE}: its character 1 is U+0441, where only visible characters of ASCII are usual`,
  ],
  ['double quotes around it', `"${SECRET}"`, `${ALONE}: it ${QUOTED('"')}`],
  ['single quotes around it', `'${SECRET}'\n`, `${ALONE}: it ${QUOTED("'")}`],
  ['the placeholder of an example', 'YOUR-APPSECRET', PLACEHOLDER],
  ['a placeholder in brackets', '<AppSecret>', PLACEHOLDER],
  ['a variable that nobody filled in', '$(cat secret)', PLACEHOLDER],
  ['more than 4096 characters', 'x'.repeat(4097), ALONE],
];

describe('secret file', () => {
  it.each([
    ['the secret alone', SECRET],
    ['the secret and a newline', `${SECRET}\n`],
    ['the secret, a carriage return and a newline', `${SECRET}\r\n`],
    ['a byte order mark and the secret', `\ufeff${SECRET}\n`],
  ])('the secret file may hold %s', async (_, content) => {
    expect(await secretOf({ WXTOKEN_SECRET_FILE: await file(content) })).toBe(SECRET);
  });

  it('the secret file may hold 4096 characters and every visible ASCII character', async () => {
    const long = 'x'.repeat(4096);
    expect(await secretOf({ WXTOKEN_SECRET_FILE: await file(`${long}\n`) })).toBe(long);
    const visible = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');
    expect(await secretOf({ WXTOKEN_SECRET_FILE: await file(visible) })).toBe(visible);
  });

  it.each([['nothing', '', 'is empty'] as const, ...ODD])(
    'a secret file that holds %s is refused',
    async (_, content, expected) => {
      const path = await file(content);
      const problems = await problemsOf({ ...APPID, WXTOKEN_SECRET_FILE: path });
      expect(problems).toEqual([`WXTOKEN_SECRET_FILE: the secret file ${path} ${expected}`]);
      expect(problems.join()).not.toContain(SECRET);
    },
  );

  it('a secret file in UTF-16 is refused with advice to use UTF-8', async () => {
    const path = await file(Buffer.from(`\ufeff${SECRET}`, 'utf16le'));
    expect(await problemsOf({ ...APPID, WXTOKEN_SECRET_FILE: path })).toEqual([
      expect.stringContaining('looks like UTF-16: save it as UTF-8'),
    ]);
  });

  it('a missing secret file is refused', async () => {
    const path = join(await temporaryFolder(), 'missing');
    expect(await problemsOf({ ...APPID, WXTOKEN_SECRET_FILE: path })).toEqual([
      `WXTOKEN_SECRET_FILE: the secret file ${path} cannot be read (ENOENT)`,
    ]);
  });

  it('a folder in place of the secret file is refused', async () => {
    const path = join(await temporaryFolder(), 'folder');
    await mkdir(path);
    expect(await problemsOf({ ...APPID, WXTOKEN_SECRET_FILE: path })).toEqual([
      `WXTOKEN_SECRET_FILE: the secret file ${path} cannot be read (not a regular file)`,
    ]);
  });

  it.each([
    ['a FIFO that nobody writes into', fifo, /not a regular file/],
    ['an endless device', async () => '/dev/zero', /not a regular file/],
    ['far too long', () => file('x'.repeat(100_000)), /too large \(100000 bytes\)/],
  ])('a secret file that is %s is refused', async (_, make, expected) => {
    const path = await make();
    expect(await problemsOf({ ...APPID, WXTOKEN_SECRET_FILE: path })).toEqual([
      expect.stringMatching(expected),
    ]);
  });

  it('a secret file behind Kubernetes volume links is read anew after a rotation', async () => {
    const volume = await temporaryFolder();
    for (const [day, secret] of [
      ['..monday', SECRET],
      ['..tuesday', 'the-next-secret'],
    ] as const) {
      await mkdir(join(volume, day));
      await writeFile(join(volume, day, 'secret'), secret);
    }
    await symlink('..monday', join(volume, '..data'));
    await symlink('..data/secret', join(volume, 'secret'));
    const { credential } = await credentialWith({ WXTOKEN_SECRET_FILE: join(volume, 'secret') });
    const read = secretReader(credential.secret);
    expect((await read()).reveal()).toBe(SECRET);
    await symlink('..tuesday', join(volume, '..next'));
    await rename(join(volume, '..next'), join(volume, '..data'));
    expect((await read()).reveal()).toBe('the-next-secret');
  });

  it('reading a secret file that has become a FIFO fails without waiting', async () => {
    const path = await file(SECRET);
    const { credential } = await credentialWith({ WXTOKEN_SECRET_FILE: path });
    const read = secretReader(credential.secret);
    await rm(path);
    execFileSync('mkfifo', [path]);
    await expect(read()).rejects.toMatchObject({ code: 'secret-unusable' });
  });

  it('a secret file that was removed or made unreadable gives an error with advice', async (ctx) => {
    const path = await file(SECRET);
    const { credential } = await credentialWith({ WXTOKEN_SECRET_FILE: path });
    const read = secretReader(credential.secret);
    await rm(path);
    await expect(read()).rejects.toMatchObject({
      failure: { advice: expect.stringContaining('put it back') },
    });
    await writeFile(path, SECRET, { mode: 0o600 });
    if (!isRoot || !process.seteuid) return ctx.skip('only root can be somebody else');
    process.seteuid(65_534);
    const failed = await read()
      .catch((error: unknown) => error)
      .finally(() => process.seteuid?.(0));
    expect(failed).toMatchObject({
      code: 'secret-unusable',
      failure: { advice: expect.stringContaining('let the user of the daemon read it') },
    });
  });

  it('a secret file that everyone may read counts as exposed', async () => {
    const path = await file(SECRET);
    for (const [mode, exposed] of [
      [0o600, false],
      [0o640, false],
      [0o644, true],
      [0o444, true],
      [0o604, true],
    ] as const) {
      await chmod(path, mode);
      expect(await isExposed(path)).toBe(exposed);
    }
    expect(await isExposed(`${path}.missing`)).toBe(false);
  });

  it('the secret file takes precedence over WXTOKEN_SECRET', async () => {
    expect(await secretOf({ WXTOKEN_SECRET: 'another', WXTOKEN_SECRET_FILE: await file(SECRET) })).toBe(
      SECRET,
    );
  });

  it('the secret file is read anew each time, and later errors hide its content', async () => {
    const path = await file(SECRET);
    const { credential } = await credentialWith({ WXTOKEN_SECRET_FILE: path });
    const read = secretReader(credential.secret);
    await writeFile(path, 'the-next-secret\n');
    expect((await read()).reveal()).toBe('the-next-secret');
    await writeFile(path, `${SECRET} ${SECRET}`);
    const failure = await read().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: 'EdgeError',
      code: 'secret-unusable',
      failure: { class: 'passing', effect: 'unsent' },
    });
    expect(JSON.stringify(failure) + String(failure)).not.toContain(SECRET);
  });
});

describe('secret in a variable', () => {
  it.each([SECRET, `${SECRET}\n`, `${SECRET}\r\n`])(
    'the variable WXTOKEN_SECRET may hold %j',
    async (value) => {
      expect(await secretOf({ WXTOKEN_SECRET: value })).toBe(SECRET);
    },
  );

  it.each(ODD)('a value of WXTOKEN_SECRET with %s is refused', async (_, value, expected) => {
    expect(await problemsWith({ WXTOKEN_SECRET: value })).toEqual([`WXTOKEN_SECRET: ${expected}`]);
  });
});

describe('notified programs', () => {
  const telling = (...programs: readonly string[]) =>
    inJson([account({ notify: programs.map((program) => ({ type: 'exec', command: [program] })) })]);

  it('a notifier program that is missing or a folder is refused', async () => {
    const { problems } = await place();
    const text = telling('$FOLDER/hook', '/bin/sh', '$FOLDER/secrets');
    expect(withoutPlaces(await problems(text, {}, { publishes: true }))).toEqual([
      'credentials[0].notify[0].command[0]: $FOLDER/hook is not there: ' +
        'see that it is in the image of the sidecar, not only in that of the app',
      'credentials[0].notify[2].command[0]: $FOLDER/secrets is a folder, not a program',
    ]);
  });

  it('a missing notifier program does not matter to a command that notifies nobody', async () => {
    const { load } = await place();
    const { credentials } = await load(telling('/nowhere/hook'), {}, { publishes: false });
    expect(credentials[0]?.notify).toHaveLength(1);
  });
});

describe('group of the published file', () => {
  it.each([
    ['0', 0],
    ['1000', 1000],
    ['4294967294', 4_294_967_294],
  ])('the file group may be the number %s, whether it has a name or not', async (group, gid) => {
    expect((await credentialWith({ WXTOKEN_FILE_GROUP: group })).target.gid).toBe(gid);
  });

  it('the file group may be a name that the system knows', async () => {
    expect((await credentialWith({ WXTOKEN_FILE_GROUP: 'root' })).target.gid).toBe(0);
  });

  it.each(['no-such-group', 'roo', 'root:x', '-1', '4294967295', '99999999999', '.*'])(
    'the file group may not be %j',
    async (group) => {
      expect(await problemsWith({ WXTOKEN_FILE_GROUP: group })).toEqual([
        `WXTOKEN_FILE_GROUP: this system knows no group called ${JSON.stringify(group)}: use its number`,
      ]);
    },
  );
});

describe('CA file', () => {
  const PEM = `${rootCertificates[0]}\n`;

  it('the certificates in the CA file are read', async () => {
    const path = await file(PEM, 'ca.pem');
    expect((await credentialWith({ WXTOKEN_CA_FILE: path })).credential.platform.ca).toBe(PEM);
  });

  it('a missing CA file is refused', async () => {
    const path = join(await temporaryFolder(), 'missing.pem');
    expect(await problemsWith({ WXTOKEN_CA_FILE: path })).toEqual([
      `WXTOKEN_CA_FILE: ${path} cannot be read (ENOENT)`,
    ]);
  });

  it.each([
    ['nothing', ''],
    ['plain text', 'a certificate'],
    ['a private key', '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n'],
    ['DER', '\u00300\u0082'],
  ])('a CA file that holds %s is refused', async (_, content) => {
    const path = await file(content, 'ca.pem');
    expect(await problemsWith({ WXTOKEN_CA_FILE: path })).toEqual([
      `WXTOKEN_CA_FILE: ${path} holds no certificate in PEM`,
    ]);
  });

  const INDENTED = 'it is indented, and each line must begin at the margin';
  it.each([
    ['is indented', PEM.replace(/^/gm, '  '), 1, INDENTED],
    ['is indented after its first line', PEM.replaceAll('\n', '\n  '), 1, INDENTED],
    [
      'stands on one line',
      PEM.replaceAll('\n', ' '),
      1,
      'it stands on one line, and PEM needs its line breaks',
    ],
    [
      'has literal line breaks',
      PEM.replaceAll('\n', '\\n'),
      1,
      'it has \\n written out where line breaks should be',
    ],
    [
      'begins on the last line of another',
      `${PEM.trimEnd()}${PEM}`,
      PEM.trimEnd().split('\n').length,
      'a line break is missing before it',
    ],
    ['is cut short', PEM.slice(0, 400), 1, 'it is damaged or cut short'],
    [
      'is cut short after a good one',
      `${PEM}${PEM.slice(0, 400)}`,
      PEM.split('\n').length,
      'it is damaged or cut short',
    ],
  ])(
    'a CA file whose certificate %s is refused, since nobody would be trusted by it',
    async (_, content, line, why) => {
      const path = await file(content, 'ca.pem');
      expect(await problemsWith({ WXTOKEN_CA_FILE: path })).toEqual([
        `WXTOKEN_CA_FILE: ${path} holds a certificate that cannot be read (line ${line}): ${why}`,
      ]);
    },
  );

  it('a CA file may hold several certificates, with text between them and line breaks of Windows', async () => {
    const path = await file(`# ours\n${PEM}\n# theirs\n${PEM.replaceAll('\n', '\r\n')}`, 'ca.pem');
    const { credential } = await credentialWith({ WXTOKEN_CA_FILE: path });
    expect(credential.platform.ca).toContain('# theirs');
  });

  it('a CA file without read permission is refused', async () => {
    const path = await file(PEM, 'ca.pem');
    await chmod(path, 0o000);
    expect(await asNobody(() => problemsWith({ WXTOKEN_CA_FILE: path }))).toEqual([
      expect.stringMatching(
        `^WXTOKEN_CA_FILE: ${path} cannot be read \\(EACCES\\): it belongs to uid \\d+, .* mode 0000`,
      ),
    ]);
  });

  it('the CA file may be a symbolic link', async () => {
    const path = await file(PEM, 'ca.pem');
    await symlink('ca.pem', `${path}.link`);
    const { credential } = await credentialWith({ WXTOKEN_CA_FILE: `${path}.link` });
    expect(credential.platform.ca).toBe(PEM);
  });

  it.each([
    ['a FIFO', fifo],
    ['an endless device', async () => '/dev/zero'],
  ])('a CA file that is %s is refused', async (_, make) => {
    const path = await make();
    expect(await problemsWith({ WXTOKEN_CA_FILE: path })).toEqual([
      `WXTOKEN_CA_FILE: ${path} cannot be read (not a regular file)`,
    ]);
  });
});
