import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isFetched } from '../../../src/config/config.ts';
import { inspectSecret } from '../../../src/inspection/check/secret.ts';
import { inspectThirdParty } from '../../../src/inspection/check/third-party.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { account, inJson, place } from '../../config/written.ts';
import { KEY } from '../../push/receiving.ts';
import { hostOn } from '../host-context.ts';

/** What check says of a suite with these settings of its push, and of a corp whose file is not there yet. */
async function checked(push: object) {
  const { folder, load } = await place();
  await writeFile(join(folder, 'secrets', 'key'), KEY);
  const keys = { tokenFile: '$FOLDER/secrets/one', encodingAesKeyFile: '$FOLDER/secrets/key' };
  const suite = account({
    ...{ name: 'suite', type: 'wecom-suite', appId: undefined, suiteId: 'ww0000000000000001' },
    ...{ ticket: { push: { path: '/wx/suite', ...keys, ...push } } },
    publish: [{ type: 'file', path: '$FOLDER/out/suite' }],
  });
  const corp = account({
    ...{ name: 'corp', type: 'wecom-corp', via: 'suite', appId: undefined, corpId: 'wpAbCdEf' },
    ...{ secretFile: '$FOLDER/codes/wpAbCdEf', publish: [{ type: 'file', path: '$FOLDER/out/corp' }] },
  });
  const both = 'permanentCodes' in push ? [suite, corp] : [suite];
  const text = JSON.stringify({ ...JSON.parse(inJson(both)), push: { listen: '127.0.0.1:0' } });
  const { credentials } = await load(text);
  const [one, other] = credentials.filter(isFetched);
  if (!one) throw new Error('there is no suite');
  const { facts, warnings } = await inspectThirdParty(one, { clock: systemClock, host: hostOn('ext4') });
  const secret = other && (await inspectSecret(other.secret, hostOn('ext4')));
  const inEnglish = (all: readonly { readonly en: string }[]) =>
    all.map(({ en }) => en.replaceAll(folder, '$FOLDER'));
  return {
    facts: inEnglish(facts.map(([, what]) => what)),
    warnings: inEnglish(warnings),
    secret: secret && inEnglish([...secret.facts.map(([, what]) => what), ...secret.warnings]),
  };
}

describe('what check says of the codes of a suite', () => {
  it('where they are exchanged here, it says where the permanent codes go, and that a corp has none yet', async () => {
    const { facts, warnings, secret } = await checked({ permanentCodes: '$FOLDER/codes/{corpId}' });
    expect(facts).toContain(
      'exchanged here for the permanent code, which is written to $FOLDER/codes/{corpId}',
    );
    expect(warnings.filter((line) => line.includes('codes'))).toEqual([]);
    expect(secret).toEqual([
      '$FOLDER/codes/wpAbCdEf: not there yet; the daemon writes it when the corp authorises the suite',
    ]);
  });

  it('where nobody exchanges them by himself, it warns', async () => {
    const { facts, warnings } = await checked({});
    expect(facts.join()).not.toContain('exchanged here');
    expect(warnings.join()).toContain('set permanentCodes, so that the daemon does, or forward');
  });
});
