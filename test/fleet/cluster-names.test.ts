import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { APP_ID, APP_SECRET } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import type { LogLine } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { calls, cluster, type Pod } from './cluster.ts';

const CORP_ID = 'ww0000000000000000';
const secretOf = (app: number) => String(app).repeat(43);

describe.concurrent('new names in a running cluster', () => {
  it('a renamed credential costs no call and can be refreshed under its new name', async ({
    onTestFinished,
  }) => {
    const group = await cluster(onTestFinished, { size: 2, ticket: true });
    const leader = await group.leader();
    const token = await group.settled();
    const follower = group.pods.find((pod) => pod !== leader);
    await eventually(async () => (await group.shop.data())['shop.jsapi']);
    const before = await group.shop.data();

    await leader.change({ name: 'boutique' });
    await leader.logged(/^no longer served; what was published stays/);
    await eventually(async () => (await group.shop.data())['boutique']);
    expect(await group.shop.data()).toMatchObject({
      boutique: before['shop'],
      'boutique.jsapi': before['shop.jsapi'],
    });
    const parting = leader.log().find(({ message }) => message.startsWith('no longer served'));
    expect(parting?.['left']).toEqual(
      ['shop', 'shop.json', 'shop.jsapi', 'shop.jsapi.json'].map((key) => `${key} in Secret shop/wx-token`),
    );
    // By the old name for a while still, as where a change of the configuration is slow to arrive.
    leader.signal('SIGHUP');
    await calls(group, 2);
    await group.settled();

    await follower?.change({ name: 'boutique' });
    const isAdopted = ({ message, ...of }: LogLine) =>
      message.startsWith('adopted') && of['credential'] === 'boutique' && of['kind'] === undefined;
    await follower?.logged(isAdopted);
    follower?.signal('SIGHUP');
    await calls(group, 3);
    expect(await group.settled()).not.toBe(token);
    expect(await group.journal.fetches()).toHaveLength(3);
    await eventually(async () => !(await requestsIn(group)).length);
  });
});

async function requestsIn({ shop }: Awaited<ReturnType<typeof cluster>>): Promise<string[]> {
  return Object.keys(await shop.annotations()).filter((key) => key.startsWith('request.'));
}

describe.concurrent('shared tickets', () => {
  it('two apps of one corp get the same ticket on every daemon of a cluster', async ({ onTestFinished }) => {
    const corp = [1, 2].map((app) => ({ appId: CORP_ID, secret: secretOf(app) }));
    const accounts = [{ appId: APP_ID, secret: APP_SECRET }, ...corp];
    const group = await cluster(onTestFinished, { size: 2, rules: { accounts } });
    await group.settled();
    const credentials = (pod: Pod) =>
      Promise.all(
        [1, 2].map(async (app) => {
          const secretFile = join(group.folder, 'secrets', `app-${app}`);
          await writeFile(secretFile, secretOf(app), { mode: 0o600 });
          const path = `${pod.file}-${app}`;
          const publish = [
            { type: 'file', path },
            { type: 'file', path: `${path}.corp`, of: 'corp_jsapi' },
          ];
          const what = { type: 'wecom', corpId: CORP_ID, tickets: ['corp_jsapi'] };
          return { name: `app${app}`, ...what, secretFile, publish };
        }),
      );
    for (const pod of group.pods) await pod.change({}, { credentials: await credentials(pod) });
    const tickets = () =>
      Promise.all(group.pods.flatMap(({ file }) => [1, 2].map((app) => contentOf(`${file}-${app}.corp`))));
    const began = performance.now();
    await eventually(async () => (await tickets()).every((ticket) => ticket));
    process.stdout.write(`cluster: four tickets after ${Math.round(performance.now() - began)} ms\n`);
    expect(new Set(await tickets()).size).toBe(1);
    const leader = await group.leader();
    const follower = group.pods.find((pod) => pod !== leader);
    const asked = async () =>
      (await group.sandbox.journal()).filter(({ path }) => path === '/cgi-bin/gettoken').length;
    const before = await asked();
    follower?.signal('SIGHUP');
    await eventually(async () => (await asked()) >= before + 2 && !(await requestsIn(group)).length);
  });
});
