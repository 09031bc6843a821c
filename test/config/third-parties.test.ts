import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KEY } from '../push/receiving.ts';
import { account, inJson, place, withoutPlaces } from './written.ts';

type Keys = Readonly<Record<string, unknown>>;

const file = (name: string) => [{ type: 'file', path: `$FOLDER/out/${name}` }];
const PLATFORM = {
  ...{ name: 'platform', type: 'component', appId: 'wx0000000000000001' },
  ...{ ticket: { file: '$FOLDER/ticket' }, publish: file('platform') },
};
const SHOP = {
  ...{ name: 'shop', type: 'authorizer', via: 'platform', appId: 'wx1111111111111111' },
  ...{ secretFile: undefined, publish: file('shop') },
};
const SUITE = {
  ...{ name: 'suite', type: 'wecom-suite', appId: undefined, suiteId: 'ww0000000000000001' },
  ...{ ticket: { file: '$FOLDER/suite-ticket' }, publish: file('suite') },
};
const CORP = {
  ...{ name: 'corp', type: 'wecom-corp', via: 'suite', appId: undefined, corpId: 'wpAbCdEf' },
  ...{ publish: file('corp') },
};

async function problemsOf(...credentials: readonly Keys[]): Promise<string[]> {
  const { problems } = await place();
  return withoutPlaces(await problems(inJson(credentials.map((own) => account(own)))));
}

/** How many credentials a right configuration has. */
async function countOf(...credentials: readonly Keys[]): Promise<number> {
  const { load } = await place();
  return (await load(inJson(credentials.map((own) => account(own))))).credentials.length;
}

const PUSH = {
  ...{ path: '/wx/suite', tokenFile: '$FOLDER/secrets/one', encodingAesKeyFile: '$FOLDER/secrets/key' },
  permanentCodes: '$FOLDER/codes/{corpId}',
};

/** What is wrong with a suite that is pushed to, and whoever stands beside it. */
async function pushedProblems(push: Keys, ...others: readonly Keys[]): Promise<string[]> {
  const { folder, problems } = await place();
  await writeFile(join(folder, 'secrets', 'key'), KEY);
  const pushed = { ...SUITE, ticket: { push: { ...PUSH, ...push } } };
  const text = inJson([pushed, ...others].map((own) => account(own)));
  const listening = JSON.stringify({ ...JSON.parse(text), push: { listen: '127.0.0.1:0' } });
  return withoutPlaces(await problems(listening).catch((error: Error) => [error.message]));
}

describe('where the permanent codes of a suite go', () => {
  const corp = { ...CORP, secretFile: '$FOLDER/codes/wpAbCdEf' };

  it('the secret of a corp may be the file that the daemon will write, and of no other corp', async () => {
    const right = ['nothing is wrong with it'];
    expect(await pushedProblems({}, corp)).toEqual(right);
    const own = { ...corp, type: 'wecom', via: undefined, name: 'own' };
    expect(await pushedProblems({}, corp, { ...own, publish: file('own') })).toEqual(right);
    const other = await pushedProblems({}, { ...corp, corpId: 'wpabcdef' });
    expect(other).toContain(
      'credentials[1].secretFile: $FOLDER/codes/wpAbCdEf is written for another corp than wpabcdef: upper and lower case count',
    );
  });

  it.each<[string, Keys, readonly Keys[], string]>([
    [
      'beside forward',
      { forward: 'http://127.0.0.1:8080/' },
      [],
      'credentials[0].ticket.push.permanentCodes: cannot stand beside forward: a code works once, so either the app exchanges it or the daemon',
    ],
    [
      'without the corp',
      { permanentCodes: '$FOLDER/codes/{corpid}' },
      [],
      'credentials[0].ticket.push.permanentCodes: must have {corpId} in it once: each corp has a file of its own',
    ],
    [
      'in a place where a corp could be called like a secret',
      { permanentCodes: '$FOLDER/secrets/{corpId}' },
      [],
      'credentials[0].ticket.push.permanentCodes: could be $FOLDER/secrets/one, for a corp of that name: give the codes a folder of their own',
    ],
    [
      'in a place where a corp could be called like what is published',
      { permanentCodes: '$FOLDER/out/{corpId}' },
      [],
      'credentials[0].ticket.push.permanentCodes: could be $FOLDER/out/suite, for a corp of that name: give the codes a folder of their own',
    ],
    [
      'in the place of another suite',
      {},
      [
        {
          ...{ ...SUITE, name: 'other', suiteId: 'ww0000000000000002', publish: file('other') },
          ticket: { push: PUSH },
        },
      ],
      'credentials[1].ticket.push.permanentCodes: $FOLDER/codes/{corpId} is published by credentials[0].ticket.push.permanentCodes already',
    ],
  ])('%s is one line that names the key', async (_, push, others, expected) => {
    expect(await pushedProblems(push, ...others)).toEqual([expected]);
  });

  it('a component has none', async () => {
    const { folder, problems } = await place();
    await writeFile(join(folder, 'secrets', 'key'), KEY);
    const text = inJson([account({ ...PLATFORM, ticket: { push: PUSH } })]);
    const listening = JSON.stringify({ ...JSON.parse(text), push: { listen: '127.0.0.1:0' } });
    expect(withoutPlaces(await problems(listening))).toEqual([
      'credentials[0].ticket.push.permanentCodes: belongs to suites of WeCom: an account of a component has no permanent code',
    ]);
  });
});

describe('third parties and their accounts', () => {
  it('a platform with an account, and a suite with a corp, are right', async () => {
    expect(await countOf(PLATFORM, SHOP, SUITE, CORP)).toBe(4);
  });

  it('an account may come before its platform', async () => {
    expect(await countOf(SHOP, PLATFORM)).toBe(2);
  });

  it('one account of two platforms is two credentials, and of one platform a mistake', async () => {
    const other = {
      ...{ ...PLATFORM, name: 'other', appId: 'wx0000000000000002', publish: file('other') },
      ticket: { file: '$FOLDER/other-ticket' },
    };
    const again = { ...SHOP, name: 'again', publish: file('again') };
    expect(await countOf(PLATFORM, other, SHOP, { ...again, via: 'other' })).toBe(4);
    expect(await problemsOf(PLATFORM, SHOP, again)).toEqual([
      'credentials[2].appId: the same account and type as credentials[1]: let one credential publish for both',
    ]);
  });

  it.each<[string, readonly Keys[], string]>([
    [
      'an account without its platform',
      [PLATFORM, { ...SHOP, via: undefined }],
      'credentials[1].via: is required: the name of a credential of type component',
    ],
    [
      'a name that nobody has',
      [PLATFORM, { ...SHOP, via: 'platfrom' }],
      'credentials[1].via: names no credential of this configuration; did you mean platform?',
    ],
    [
      'itself',
      [PLATFORM, { ...SHOP, via: 'shop' }],
      'credentials[1].via: names a credential of type authorizer: authorizer is fetched through one of type component',
    ],
    [
      'a platform of another kind',
      [SUITE, { ...SHOP, via: 'suite' }],
      'credentials[1].via: names a credential of type wecom-suite: authorizer is fetched through one of type component',
    ],
    [
      'a platform at another base URL',
      [{ ...PLATFORM, platform: { baseUrl: 'https://wx.example.com' } }, SHOP],
      'credentials[1].via: names a credential at another base URL: its token is not known there',
    ],
    [
      'a via where none is needed',
      [PLATFORM, { ...SHOP, type: 'stable-token', secretFile: '$FOLDER/secrets/one' }],
      'credentials[1].via: does not belong to stable-token, which is fetched with a secret of its own',
    ],
    [
      'a secret where none is needed',
      [PLATFORM, { ...SHOP, secretFile: '$FOLDER/secrets/one' }],
      'credentials[1].secretFile: does not belong to authorizer, which is fetched with the token of a component',
    ],
    [
      'no ticket',
      [{ ...PLATFORM, ticket: undefined }],
      'credentials[0].ticket: is required: where the component_verify_ticket arrives',
    ],
    [
      'a ticket where none is pushed',
      [{ ...PLATFORM, type: 'stable-token' }],
      'credentials[0].ticket: does not belong to stable-token, to which none is pushed',
    ],
    [
      'a ticket file that would be published',
      [{ ...PLATFORM, ticket: { file: '$FOLDER/out/platform' } }],
      'credentials[0].ticket.file: is a file that would be published: the pushed ticket would be overwritten',
    ],
    [
      'the ticket file of another platform',
      [PLATFORM, { ...PLATFORM, name: 'other', appId: 'wx0000000000000002', publish: file('other') }],
      'credentials[1].ticket.file: is that of credentials[0].ticket.file as well: each third party has tickets of its own, and the platform refuses those of another one (61006)',
    ],
    [
      'the ticket file of a suite',
      [PLATFORM, { ...SUITE, ticket: PLATFORM.ticket }],
      'credentials[1].ticket.file: is that of credentials[0].ticket.file as well: each third party has tickets of its own, and the platform refuses those of another one (61006)',
    ],
    [
      'a ticket file that holds a secret',
      [{ ...PLATFORM, secretFile: '$FOLDER/secrets/two', ticket: { file: '$FOLDER/secrets/two' } }],
      'credentials[0].ticket.file: is that of credentials[0].secretFile as well, which holds the AppSecret',
    ],
    [
      'an account that is its platform',
      [PLATFORM, { ...SHOP, appId: PLATFORM.appId }],
      'credentials[1].appId: wx0000000000000001 is the third party itself: name the account that has authorised it',
    ],
    [
      'the id of a corp for a suite',
      [{ ...SUITE, suiteId: undefined, corpId: 'ww0000000000000001' }],
      'credentials[0].corpId: does not belong to wecom-suite, which has suiteId',
    ],
    [
      'a ticket kind that the type has not',
      [PLATFORM, SUITE, { ...CORP, tickets: ['jsapi'] }],
      'credentials[2].tickets[0]: jsapi is not a ticket of wecom-corp: that has corp_jsapi and agent_config',
    ],
  ])('%s is one line that names the key', async (_, credentials, expected) => {
    expect(await problemsOf(...credentials)).toEqual([expected]);
  });

  it('one ticket file is seen behind a link as well', async () => {
    const { folder, problems } = await place();
    await writeFile(join(folder, 'ticket'), '');
    await symlink(join(folder, 'ticket'), join(folder, 'linked'));
    const suite = { ...SUITE, ticket: { file: '$FOLDER/linked' } };
    const found = withoutPlaces(await problems(inJson([PLATFORM, suite].map((own) => account(own)))));
    expect(found).toEqual([
      expect.stringMatching(/^credentials\[1\]\.ticket\.file: is that of credentials\[0\]/),
    ]);
  });
});
