import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
  it('a credential says how its pushes are received, beside a ticket file or without one', async () => {
    const { load, folder } = await withKeys();
    const forward = 'http://127.0.0.1:8080/wx/events';
    const previousEncodingAesKeyFile = '$FOLDER/secrets/old';
    const ticket = { file: '$FOLDER/tickets/one', push: { ...PUSH, previousEncodingAesKeyFile, forward } };
    const { credentials, push } = await load(inJson([component({}, { ticket })], LISTEN));
    expect(push).toMatchObject({ listen: { host: '127.0.0.1', port: 9109 } });
    expect(credentials[0]?.ticket).toEqual({
      file: join(folder, 'tickets/one'),
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
