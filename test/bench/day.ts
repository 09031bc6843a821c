import { join } from 'node:path';
import { appIdOf, TEST_SECRET } from './account.ts';
import { type Deployment, deploy, KINDS, type Kind, WORKERS } from './deployment.ts';
import { messageOf } from './message.ts';
import { startPlatform } from './platform.ts';
import type { Measure } from './row.ts';
import { scratch } from './scratch.ts';

const MINUTES = 1_440;
const MINUTE = 60_000;
/** All is deployed anew then: what is in memory is lost. */
const NOON = MINUTES / 2;

const NAMES: Readonly<Record<Kind, string>> = {
  file: 'wx-token-sidecar; the workers read its file',
  server: 'a token server in memory that fetches for each who asks too late; the workers ask it',
  sdk: 'co-wechat-api in each worker, with its default cache',
};

interface Tally {
  calls: number;
  refused: number;
  business: number;
  failed: number;
}

/** A day of all of them at one platform, whose time and theirs is played a minute at a time. */
export const measureDay: Measure = async (surroundings) => {
  const apps = KINDS.map((_, index) => ['--account', `${appIdOf(index)}:${TEST_SECRET}`]);
  const { url } = await startPlatform(surroundings, apps.flat());
  const folder = await scratch(surroundings);
  const tallies = new Map(KINDS.map((kind) => [kind, { calls: 0, refused: 0, business: 0, failed: 0 }]));
  const deployed = (passed: number) => deploy({ url, file: join(folder, 'token'), passed }, surroundings);

  let all = await deployed(0);
  let seen = 0;
  for (let minute = 1; minute <= MINUTES; minute += 1) {
    if (minute === NOON) {
      await Promise.all(all.flatMap(({ processes }) => processes.map((one) => one.end())));
      all = await deployed((minute - 1) * MINUTE);
    }
    await post(`${url}/sandbox/clock`, { advanceMs: MINUTE });
    await Promise.all(all.map(passMinute));
    await Promise.all(all.map((one) => callOnce(one, tallies)));
    // Before the journal forgets.
    if (minute % 60 === 0) seen = await count(url, seen, tallies);
  }
  const rows = KINDS.map((kind) => {
    const { calls = 0, refused = 0, business = 0, failed = 0 } = tallies.get(kind) ?? {};
    return [NAMES[kind], String(calls), `${refused} of ${business}`, String(failed)];
  });
  return [
    {
      title: `A day of one access-token: ${WORKERS} worker processes that call at once every minute, all deployed anew at noon`,
      rows: [['', 'fetches', 'business calls refused', 'failed in the end'], ...rows],
    },
  ];
};

async function passMinute({ processes }: Deployment): Promise<void> {
  await Promise.all(processes.map((one) => messageOf(one, { advance: MINUTE })));
}

async function callOnce({ kind, workers }: Deployment, tallies: ReadonlyMap<Kind, Tally>): Promise<void> {
  const tally = tallies.get(kind);
  const answers = await Promise.all(workers.map((worker) => messageOf(worker, { call: true })));
  if (tally) tally.failed += answers.filter(({ done }) => done !== true).length;
}

interface Entry {
  readonly seq: number;
  readonly path: string;
  readonly appId: string | null;
  readonly errcode: number | null;
}

async function count(url: string, since: number, tallies: ReadonlyMap<Kind, Tally>): Promise<number> {
  const answer = await fetch(`${url}/sandbox/journal?since=${since}`);
  const { entries } = (await answer.json()) as { readonly entries: readonly Entry[] };
  for (const { path, appId, errcode } of entries) {
    const kind = KINDS.find((_, index) => appIdOf(index) === appId);
    const tally = kind && tallies.get(kind);
    if (!tally) continue;
    if (path === '/cgi-bin/token') tally.calls += 1;
    else {
      tally.business += 1;
      if (errcode !== 0) tally.refused += 1;
    }
  }
  return entries.at(-1)?.seq ?? since;
}

async function post(url: string, body: object): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
}
