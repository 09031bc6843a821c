import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPushKey } from '../../src/config/secret-file.ts';
import { account, inJson, place, withoutPlaces } from './written.ts';

type Keys = Readonly<Record<string, unknown>>;

const KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const LISTEN = { push: { listen: '127.0.0.1:9109' } };
const PUSH = {
  path: '/wx/platform',
  tokenFile: '$FOLDER/secrets/token',
  encodingAesKeyFile: '$FOLDER/secrets/key',
};

async function withKeys() {
  const placed = await place();
  const write = (name: string, text: string) => writeFile(join(placed.folder, 'secrets', name), text);
  await mkdir(join(placed.folder, 'tickets'));
  await write('token', 'callback-token\n');
  await write('key', `${KEY}\n`);
  await write('short', `${KEY.slice(1)}\n`);
  await write('old', KEY);
  return placed;
}

function component(push: Keys = {}, keys: Keys = {}): Keys {
  return account({ type: 'component', ticket: { push: { ...PUSH, ...push } }, ...keys });
}

async function problemsWith(push: Keys, keys: Keys = {}, top: Keys = LISTEN): Promise<string[]> {
  const { problems } = await withKeys();
  return withoutPlaces(await problems(inJson([component(push, keys)], top)));
}

const IN_PUSH = 'credentials[0].ticket.push';

describe('the receiver of pushes in the configuration', () => {
  it('a credential says how its pushes are received', async () => {
    const { load, folder } = await withKeys();
    const forward = 'http://127.0.0.1:8080/wx/events';
    const previousEncodingAesKeyFile = '$FOLDER/secrets/old';
    const ticket = { push: { ...PUSH, previousEncodingAesKeyFile, forward } };
    const { credentials, push } = await load(inJson([component({}, { ticket })], LISTEN));
    expect(push).toMatchObject({ listen: { host: '127.0.0.1', port: 9109 } });
    expect(credentials[0]?.ticket).toEqual({
      push: {
        path: '/wx/platform',
        tokenFile: join(folder, 'secrets/token'),
        encodingAesKeyFile: join(folder, 'secrets/key'),
        previousEncodingAesKeyFile: join(folder, 'secrets/old'),
        forward,
      },
    });
  });

  it.each<[string, Keys, string]>([
    ['a path that is a URL', { path: 'https://a/wx' }, `${IN_PUSH}.path: must be a path like /wx/platform`],
    [
      'no path',
      { path: undefined },
      `${IN_PUSH}.path: is required: the path of the URL in the console of the platform`,
    ],
    [
      'no Token',
      { tokenFile: undefined },
      `${IN_PUSH}.tokenFile: is required: the file that holds the Token of the console`,
    ],
    [
      'a key of another length',
      { encodingAesKeyFile: '$FOLDER/secrets/short' },
      `${IN_PUSH}.encodingAesKeyFile: must hold the EncodingAESKey: 43 letters and digits`,
    ],
    [
      'a key file that is not there',
      { encodingAesKeyFile: '$FOLDER/secrets/none' },
      `${IN_PUSH}.encodingAesKeyFile: the secret file $FOLDER/secrets/none cannot be read (ENOENT)`,
    ],
    [
      'an app elsewhere',
      { forward: 'https://example.org/wx' },
      `${IN_PUSH}.forward: must be a URL on loopback like http://127.0.0.1:8080/wx/events: an authorisation code gives access`,
    ],
    [
      'the corpid of a provider',
      { corpId: 'ww0000000000000001' },
      `${IN_PUSH}.corpId: belongs to suites of WeCom, whose URL is checked for the provider`,
    ],
  ])('a component with %s is refused', async (_, push, expected) => {
    expect(await problemsWith(push)).toEqual([expected]);
  });

  it('a credential that is pushed to needs an address, and an address needs such a credential', async () => {
    expect(await problemsWith({}, {}, {})).toEqual([
      'push: is required, with listen: a credential has ticket.push',
    ]);
    expect(await problemsWith({}, { ticket: { file: '$FOLDER/tickets/one' } })).toEqual([
      'push: receives nothing: no credential has ticket.push',
    ]);
  });

  it('a ticket file beside it is refused: it would stay as it is', async () => {
    expect(await problemsWith({}, { ticket: { file: '$FOLDER/tickets/one', push: PUSH } })).toEqual([
      'credentials[0].ticket.file: cannot stand beside push: an app leaves tickets in the file, and the receiver needs none, since it keeps its tickets itself',
    ]);
  });

  it.each([
    [{ push: { listen: '0.0.0.0:9109' } }, 'http://127.0.0.1:9109/wx/events', 'pushes are'],
    [{ push: { listen: '127.0.0.1:9109' } }, 'http://127.0.0.1:9109/wx/platform', 'pushes are'],
    [{ push: { listen: '[::1]:9109' } }, 'http://[::1]:9109/wx', 'pushes are'],
    [{ push: { listen: '127.0.0.1:9109' } }, 'http://localhost:9109/wx', 'pushes are'],
    [{ ...LISTEN, http: { listen: '127.0.0.1:9400' } }, 'http://127.0.0.1:9400/wx', 'health is'],
    [{ ...LISTEN, tokenServer: { listen: '127.0.0.1:80' } }, 'http://127.0.0.1/wx', 'tokens are'],
  ])('with %j events are not passed on to %s: that is the daemon itself', async (top, forward, what) => {
    expect(await problemsWith({ forward }, {}, top)).toEqual([
      `${IN_PUSH}.forward: is where ${what} served by this daemon: name the address of the app`,
    ]);
  });

  it('an app at another address of the same port is no mistake', async () => {
    const { load } = await withKeys();
    const config = await load(inJson([component({ forward: 'http://127.0.0.2:9109/wx' })], LISTEN));
    expect(config.credentials[0]?.ticket?.push?.forward).toBe('http://127.0.0.2:9109/wx');
  });

  it.each([
    ['a blank at the end', 'callback-token ', `${KEY} `],
    ['lines and blanks around them', '\n callback-token\r\n\n', `\t${KEY}\n\n`],
    [
      'a key that a console has broken into lines',
      'callback-token',
      `${KEY.slice(0, 20)}\n${KEY.slice(20)}\n`,
    ],
  ])('Token and EncodingAESKey are taken with %s, by the receiver as well', async (_, token, key) => {
    const { load, folder } = await withKeys();
    await writeFile(join(folder, 'secrets/token'), token);
    await writeFile(join(folder, 'secrets/key'), key);
    await load(inJson([component()], LISTEN));
    expect((await readPushKey(join(folder, 'secrets/token'), 'Token')).reveal()).toBe('callback-token');
    expect((await readPushKey(join(folder, 'secrets/key'), 'EncodingAESKey')).reveal()).toBe(KEY);
  });

  it('a Token with a blank in it is refused', async () => {
    const { problems, folder } = await withKeys();
    await writeFile(join(folder, 'secrets/token'), 'callback token');
    expect(withoutPlaces(await problems(inJson([component()], LISTEN)))).toEqual([
      expect.stringMatching(/tokenFile: .*must hold the Token alone/),
    ]);
  });

  it('it has a port of its own', async () => {
    expect(await problemsWith({}, {}, { ...LISTEN, http: { listen: '127.0.0.1:9109' } })).toEqual([
      'push.listen: is where health is served: take another port',
    ]);
    expect(await problemsWith({}, {}, { ...LISTEN, tokenServer: { listen: '127.0.0.1:9109' } })).toEqual([
      'push.listen: is where tokens are served: take another port',
    ]);
  });

  it('without any way for a ticket both ways are named', async () => {
    expect(await problemsWith({}, { ticket: {} }, {})).toEqual([
      'credentials[0].ticket.file: is required: the file in which an app leaves the component_verify_ticket, or push',
    ]);
  });

  it('nothing is published over a key of the pushes', async () => {
    const publish = [{ type: 'file', path: '$FOLDER/secrets/key' }];
    const [problem, ...more] = await problemsWith({}, { publish });
    expect(problem).toContain('a key of the pushes');
    expect(more).toEqual([]);
  });
});
