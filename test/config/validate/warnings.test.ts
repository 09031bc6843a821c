import { describe, expect, it } from 'vitest';
import { warningsOf } from '../../../src/config/validate/warnings.ts';
import { credentialWith } from '../configured.ts';
import { account, inJson, place } from '../written.ts';

async function warningsWith(own: Readonly<Record<string, unknown>>): Promise<string[]> {
  const { load } = await place();
  const { credentials } = await load(inJson([account(own)]));
  return credentials.flatMap(warningsOf).map(({ en }) => en);
}

describe('valid but risky settings', () => {
  it('a usual configuration causes no warning', async () => {
    expect(warningsOf((await credentialWith({})).credential)).toEqual([]);
    const url = 'http://127.0.0.1:8080/changed?app=shop&kind=token&version=2';
    expect(await warningsWith({ notify: [{ type: 'webhook', url }] })).toEqual([]);
  });

  it.for([
    [
      'stable-token',
      'rotationWindow',
      /^WXTOKEN_ROTATION_WINDOW \(rotationWindow\) is not shorter than the 2 h/,
    ],
    ['access-token', 'ahead', /^WXTOKEN_AHEAD \(ahead\) is not shorter than the 2 h that a token lives/],
  ] as const)('a window as long as the life of the %s causes a warning', async ([type, key, said]) => {
    expect(await warningsWith({ type, [key]: '119m' })).toEqual([]);
    expect(await warningsWith({ type, [key]: '2h' })).toEqual([expect.stringMatching(said)]);
  });

  it.for([
    ['thinkadmin', '/run/wx/wx0000000000000001_access_token', undefined],
    ['thinkadmin', '/run/wx/token', 'looks for a file called wx0000000000000001_access_token'],
    ['wechat-ruby', '/run/wx/token', undefined],
  ] as const)('a file of format %s at %s causes the warning %s', async ([format, path, said]) => {
    const appId = 'wx0000000000000001';
    const publish = [{ type: 'file', path, format }];
    const warnings = said === undefined ? [] : [expect.stringContaining(said)];
    expect(await warningsWith({ appId, publish })).toEqual(warnings);
  });

  it('a budget of fewer than 30 fetches a day causes a warning', async () => {
    expect(await warningsWith({ budget: { fetchesPerDay: 30 } })).toEqual([]);
    expect(await warningsWith({ budget: { fetchesPerDay: 29 } })).toEqual([
      expect.stringMatching(/^a budget of 29 fetches a day may be too small to keep a token alive/),
    ]);
  });

  it.for([
    'access_token=hush',
    'app=shop&api-key=hush',
    'key=hush',
    'Signature=hush',
    'id=0b5e1c6a-7a4f-4c43-9d5f-6f1d2c3b4a59',
  ])('a webhook URL with the query %s causes a warning that hides the secret', async (query) => {
    const url = `https://app.example/changed?${query}`;
    const [said = '', ...more] = await warningsWith({ notify: [{ type: 'webhook', url }] });
    expect(more).toEqual([]);
    expect(said).toMatch(
      /^the URL of the webhook at https:\/\/app\.example seems to carry a secret \([\w-]+=…\)/,
    );
    expect(said).not.toMatch(/hush|0b5e/);
  });
});
