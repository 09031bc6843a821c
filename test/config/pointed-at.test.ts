import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isExposed, secretReader } from '../../src/config/secret-file.ts';
import { isRoot, temporaryFolder } from '../system/folder.ts';
import { credentialWith, LEAST, problemsOf, problemsWith } from './configured.ts';
import { account, inJson, place, withoutPlaces } from './written.ts';

const SECRET = 'the-secret-of-this-test-00000000';
const APPID = { WXTOKEN_APPID: LEAST.WXTOKEN_APPID };
const ALONE = 'must hold the AppSecret alone, on one line and without blanks';

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
  ['two newlines', `${SECRET}\n\n`, ALONE],
  ['two lines', `${SECRET}\nsecond`, ALONE],
  ['a blank before', ` ${SECRET}`, ALONE],
  ['a blank after', `${SECRET} \n`, ALONE],
  ['a blank within', `the secret`, ALONE],
  ['a tab', `${SECRET}\t`, ALONE],
  ['a blank that nobody sees', `${SECRET}\u200b`, ALONE],
  ['a hard blank', `${SECRET}\u00a0`, ALONE],
  ['a byte order mark in the midst', `the\ufeff${SECRET}`, ALONE],
  ['a control character', `${SECRET}\u007f`, ALONE],
  ['letters of another script', 'секрет', ALONE],
  ['more than 4096 characters', 'x'.repeat(4097), ALONE],
];

describe('the secret file', () => {
  it.each([
    ['the secret alone', SECRET],
    ['a newline after it', `${SECRET}\n`],
    ['a carriage return and a newline after it', `${SECRET}\r\n`],
    ['a byte order mark before it', `\ufeff${SECRET}\n`],
  ])('may hold %s', async (_, content) => {
    expect(await secretOf({ WXTOKEN_SECRET_FILE: await file(content) })).toBe(SECRET);
  });

  it('may hold a secret of 4096 characters, and every visible one of ASCII', async () => {
    const long = 'x'.repeat(4096);
    expect(await secretOf({ WXTOKEN_SECRET_FILE: await file(`${long}\n`) })).toBe(long);
    const visible = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');
    expect(await secretOf({ WXTOKEN_SECRET_FILE: await file(visible) })).toBe(visible);
  });

  it.each([['nothing', '', 'is empty'] as const, ...ODD])('may not hold %s', async (_, content, expected) => {
    const path = await file(content);
    const problems = await problemsOf({ ...APPID, WXTOKEN_SECRET_FILE: path });
    expect(problems).toEqual([`WXTOKEN_SECRET_FILE: the secret file ${path} ${expected}`]);
    expect(problems.join()).not.toContain(SECRET);
  });

  it('may not hold UTF-16, as some editors save it', async () => {
    const path = await file(Buffer.from(`\ufeff${SECRET}`, 'utf16le'));
    expect(await problemsOf({ ...APPID, WXTOKEN_SECRET_FILE: path })).toEqual([
      expect.stringContaining('looks like UTF-16: save it as UTF-8'),
    ]);
  });

  it('must be there', async () => {
    const path = join(await temporaryFolder(), 'missing');
    expect(await problemsOf({ ...APPID, WXTOKEN_SECRET_FILE: path })).toEqual([
      `WXTOKEN_SECRET_FILE: the secret file ${path} cannot be read (ENOENT)`,
    ]);
  });

  it('must be a file', async () => {
    const path = join(await temporaryFolder(), 'folder');
    await mkdir(path);
    expect(await problemsOf({ ...APPID, WXTOKEN_SECRET_FILE: path })).toEqual([
      `WXTOKEN_SECRET_FILE: the secret file ${path} cannot be read (not a regular file)`,
    ]);
  });

  it.each([
    ['a FIFO that nobody writes into', fifo, /not a regular file/],
    ['a device without end', async () => '/dev/zero', /not a regular file/],
    ['far too long', () => file('x'.repeat(100_000)), /too large \(100000 bytes\)/],
  ])('may not be %s', async (_, make, expected) => {
    const path = await make();
    expect(await problemsOf({ ...APPID, WXTOKEN_SECRET_FILE: path })).toEqual([
      expect.stringMatching(expected),
    ]);
  });

  it('may be a link to a link, as in the volumes of Kubernetes, and is read anew after a rotation', async () => {
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

  it('may become a FIFO: that is an error like others, for which nobody waits', async () => {
    const path = await file(SECRET);
    const { credential } = await credentialWith({ WXTOKEN_SECRET_FILE: path });
    const read = secretReader(credential.secret);
    await rm(path);
    execFileSync('mkfifo', [path]);
    await expect(read()).rejects.toMatchObject({ code: 'secret-unusable' });
  });

  it('may be taken away, or from the daemon: what to do is said', async (ctx) => {
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

  it('is exposed where everyone may read it', async () => {
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

  it('goes before the variable', async () => {
    expect(await secretOf({ WXTOKEN_SECRET: 'another', WXTOKEN_SECRET_FILE: await file(SECRET) })).toBe(
      SECRET,
    );
  });

  it('is read anew at every call, and what is wrong with it later is an error without its content', async () => {
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

describe('the secret in the variable', () => {
  it.each([SECRET, `${SECRET}\n`, `${SECRET}\r\n`])('may be %j', async (value) => {
    expect(await secretOf({ WXTOKEN_SECRET: value })).toBe(SECRET);
  });

  it.each(ODD)('may not have %s', async (_, value, expected) => {
    expect(await problemsWith({ WXTOKEN_SECRET: value })).toEqual([`WXTOKEN_SECRET: ${expected}`]);
  });
});

describe('a program that is told of changes', () => {
  const telling = (...programs: readonly string[]) =>
    inJson([account({ notify: programs.map((program) => ({ type: 'exec', command: [program] })) })]);

  it('must be there and may not be a folder', async () => {
    const { problems } = await place();
    const text = telling('$FOLDER/hook', '/bin/sh', '$FOLDER/secrets');
    expect(withoutPlaces(await problems(text, {}, { publishes: true }))).toEqual([
      'credentials[0].notify[0].command[0]: $FOLDER/hook is not there: ' +
        'see that it is in the image of the sidecar, not only in that of the app',
      'credentials[0].notify[2].command[0]: $FOLDER/secrets is a folder, not a program',
    ]);
  });

  it('does not matter to who runs none', async () => {
    const { load } = await place();
    const { credentials } = await load(telling('/nowhere/hook'), {}, { publishes: false });
    expect(credentials[0]?.notify).toHaveLength(1);
  });
});

describe('the group of the file', () => {
  it.each([
    ['0', 0],
    ['1000', 1000],
    ['4294967294', 4_294_967_294],
  ])('may be the number %s, whether or not it has a name', async (group, gid) => {
    expect((await credentialWith({ WXTOKEN_FILE_GROUP: group })).target.gid).toBe(gid);
  });

  it('may be a name that this system knows', async () => {
    expect((await credentialWith({ WXTOKEN_FILE_GROUP: 'root' })).target.gid).toBe(0);
  });

  it.each(['no-such-group', 'roo', 'root:x', '-1', '4294967295', '99999999999', ' 0', '.*'])(
    'may not be %j',
    async (group) => {
      expect(await problemsWith({ WXTOKEN_FILE_GROUP: group })).toEqual([
        `WXTOKEN_FILE_GROUP: this system knows no group called ${JSON.stringify(group)}: use its number`,
      ]);
    },
  );
});

describe('the file of authorities', () => {
  const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

  it('is read', async () => {
    const path = await file(PEM, 'ca.pem');
    expect((await credentialWith({ WXTOKEN_CA_FILE: path })).credential.platform.ca).toBe(PEM);
  });

  it('must be there', async () => {
    const path = join(await temporaryFolder(), 'missing.pem');
    expect(await problemsWith({ WXTOKEN_CA_FILE: path })).toEqual([
      `WXTOKEN_CA_FILE: ${path} cannot be read (ENOENT)`,
    ]);
  });

  it.each([
    ['nothing', ''],
    ['text', 'a certificate'],
    ['a key', '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n'],
    ['DER', '\u00300\u0082'],
  ])('must hold a certificate, not %s', async (_, content) => {
    const path = await file(content, 'ca.pem');
    expect(await problemsWith({ WXTOKEN_CA_FILE: path })).toEqual([
      `WXTOKEN_CA_FILE: ${path} holds no certificate in PEM`,
    ]);
  });

  it('is asked for where it may not be read', async (ctx) => {
    if (isRoot) return ctx.skip('root may read everything');
    const path = await file(PEM, 'ca.pem');
    await chmod(path, 0o000);
    expect(await problemsWith({ WXTOKEN_CA_FILE: path })).toEqual([
      `WXTOKEN_CA_FILE: ${path} cannot be read (EACCES)`,
    ]);
  });

  it('may be a link', async () => {
    const path = await file(PEM, 'ca.pem');
    await symlink('ca.pem', `${path}.link`);
    const { credential } = await credentialWith({ WXTOKEN_CA_FILE: `${path}.link` });
    expect(credential.platform.ca).toBe(PEM);
  });

  it.each([
    ['a FIFO', fifo],
    ['a device without end', async () => '/dev/zero'],
  ])('may not be %s', async (_, make) => {
    const path = await make();
    expect(await problemsWith({ WXTOKEN_CA_FILE: path })).toEqual([
      `WXTOKEN_CA_FILE: ${path} cannot be read (not a regular file)`,
    ]);
  });
});
