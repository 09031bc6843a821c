import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { appIdOf, TEST_SECRET } from './account.ts';
import { type Agency, LATENCY, openAgency } from './agency.ts';
import { PROGRAM, startNode } from './node.ts';
import { type Probed, startProbed } from './probed.ts';
import type { Measure, Row, Surroundings } from './row.ts';
import { cpuOf } from './usage.ts';

/** Credentials: so many, and so few that what they hold does not count. */
const MANY = Number(process.env['BENCH_CREDENTIALS'] ?? 10_000);
const FEW = 100;

/** Requests under way at one host, as in `gates.ts`. */
const CONCURRENCY = 32;

/** Until what a round leaves behind is gone, ms. */
const SETTLED = 8_000;

/**
 * Until each file has been looked at for the first time after it was written, ms: a minute after that, when it is read.
 * From then on it is only looked at again.
 */
const ALL_LOOKED_AT = 65_000;

/** How long nothing to do is looked at: so many ticks; ms. */
const IDLE_TICKS = 12;
const TICK = 5_000;

/** A file is looked at again after so long on average, ms: a record after 30 s, what is published after a minute. */
const LOOKED_AT_AGAIN = 20_000;

/** As in `slices.ts`, ms. */
const SLICE = 2;

/** The budget of a tick, of the longest stretch in it, and of that in a scrape; ms. */
const MOST_A_TICK = 60;
const MOST_IN_ONE_GO = 10;

const KB = 1024;

/** Asks for every token once, with a connection of its own each, and nothing else. */
const BARE = `
const http = require('node:http');
const { URL: url, COUNT, CONCURRENCY, SECRET } = process.env;
const appIdOf = ${appIdOf.toString()};
let next = 0;
function ask(done) {
  if (next === Number(COUNT)) return done();
  const body = JSON.stringify({ grant_type: 'client_credential', appid: appIdOf(next++), secret: SECRET });
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  http.request(url + '/cgi-bin/stable_token', { method: 'POST', headers, agent: false }, (answer) => {
    let text = '';
    answer.on('data', (chunk) => { text += chunk; });
    answer.on('end', () => { if (!JSON.parse(text).access_token) throw new Error(text); ask(done); });
  }).end(body);
}
const from = performance.now();
let running = Number(CONCURRENCY);
for (let one = running; one > 0; one -= 1) {
  ask(() => { running -= 1; if (running === 0) console.log('took ' + (performance.now() - from)); });
}
`;

/**
 * Holds as much as the daemon does and looks at as many files in each tick, in slices, and nothing else: what this costs Node, of
 * which a collection of garbage after a rest is the most.
 */
const BARE_TICKS = `
const { lstatSync } = require('node:fs');
const { FOLDER, COUNT, TICK, LOOKS, SLICE } = process.env;
const held = Array.from({ length: COUNT }, (_, account) => ({
  path: FOLDER + '/c' + account + '/token',
  rest: Array.from({ length: 50 }, (_, index) => ({ index, account, text: 'of ' + account, none: undefined })),
}));
let next = 0;
setInterval(() => {
  let left = Number(LOOKS);
  function slice() {
    const until = performance.now() + Number(SLICE);
    while (left > 0 && performance.now() < until) {
      const account = held[next++ % held.length];
      const found = lstatSync(account.path, { bigint: true });
      const mark = [found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':');
      if (account.mark !== undefined && account.mark !== mark) throw new Error(account.path);
      account.mark = mark;
      left -= 1;
    }
    if (left > 0) setImmediate(slice);
  }
  slice();
}, Number(TICK));
`;

export const measureScale: Measure = async (surroundings) => {
  const agency = await openAgency(MANY, surroundings);
  const bare = await bareRound(agency, surroundings);
  const rows: Row[] = [];
  for (const http of [false, true]) {
    const few = await firstRound(agency, FEW, http, surroundings);
    const start = await few.daemon.ask('held');
    await few.daemon.end();
    const many = await firstRound(agency, MANY, http, surroundings);
    const { held, resident } = await many.daemon.ask('held');
    const perCredential = (more: number, less: number) => (more - less) / (MANY - FEW) / KB;
    const each = perCredential(held, start.held);
    const residentEach = perCredential(resident, start.resident);
    const limit = http ? 6 : 3;
    rows.push({
      what: `memory for each further of ${MANY} credentials, metrics ${http ? 'on' : 'off'}`,
      ours: `${each.toFixed(1)} KB held once garbage is collected, ${residentEach.toFixed(1)} KB resident`,
      bare: '',
      figure: `${each.toFixed(1)} KB`,
      budget: `≤ ${limit} KB`,
      met: each <= limit,
    });
    if (http) rows.push(...(await atRest(many, surroundings)));
    else rows.push(roundRow(many, bare));
    await many.daemon.end();
  }
  return rows;
};

interface Round {
  readonly daemon: Probed;
  /** Its configuration, beside all files. */
  readonly config: string;
  /** From the first request to the last token published, ms; of the processor, ms. */
  readonly took: number;
  readonly cpu: number;
}

async function firstRound(
  agency: Agency,
  count: number,
  http: boolean,
  surroundings: Surroundings,
): Promise<Round> {
  const config = await agency.configure(count, { http });
  surroundings.say(`  ${count} credentials, metrics ${http ? 'on' : 'off'} …`);
  const daemon = startProbed([PROGRAM, 'run', '--config', config], surroundings);
  await daemon.line(/"message":"started"/);
  const before = await cpuOf(daemon.pid);
  const from = performance.now();
  await daemon.lines(/"message":"published"/, count);
  const took = performance.now() - from;
  const cpu = (await cpuOf(daemon.pid)) - before;
  await delay(SETTLED);
  return { daemon, config, took, cpu };
}

async function bareRound({ url }: Agency, surroundings: Surroundings): Promise<number> {
  const client = startNode(['-e', BARE], {
    ...surroundings,
    env: { URL: url, COUNT: String(MANY), CONCURRENCY: String(CONCURRENCY), SECRET: TEST_SECRET },
  });
  const [, took] = await client.line(/took (.+)/);
  return Number(took);
}

function roundRow({ took, cpu }: Round, bare: number): Row {
  const ratio = took / bare;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return {
    what: `first full round of ${MANY} credentials, ${LATENCY} ms an answer, ${CONCURRENCY} at once`,
    ours: `${seconds(took)}, ${(cpu / MANY).toFixed(2)} ms of a processor each`,
    bare: `the answers alone: ${seconds(bare)}`,
    figure: ratio.toFixed(2),
    budget: '≤ 1.5',
    met: ratio <= 1.5,
  };
}

async function atRest({ daemon, config }: Round, surroundings: Surroundings): Promise<Row[]> {
  const [address] = await daemon.line(/127\.0\.0\.1:\d+/);
  const bare = startProbed(['-e', BARE_TICKS], {
    ...surroundings,
    env: {
      ...{ FOLDER: join(dirname(config), 'volume'), COUNT: String(MANY), TICK: String(TICK) },
      ...{ LOOKS: String((MANY * TICK) / LOOKED_AT_AGAIN), SLICE: String(SLICE) },
    },
  });
  const both = (question: 'count' | 'watch' | 'busy') =>
    Promise.all([daemon.ask(question as 'busy'), bare.ask(question as 'busy')]);
  await delay(ALL_LOOKED_AT);
  // To watch for stretches the loop is woken every millisecond, which would count as well.
  await both('count');
  await delay(IDLE_TICKS * TICK);
  const [tick, bareTick] = (await both('busy')).map(({ active }) => active / IDLE_TICKS) as [number, number];
  await both('watch');
  await delay(IDLE_TICKS * TICK);
  const [idle, bareIdle] = await both('busy');
  await bare.end();
  await daemon.ask('watch');
  const scrape = await (await fetch(`http://${address}/metrics`)).text();
  const { longest } = await daemon.ask('busy');
  const lines = scrape.split('\n').length;
  return [
    {
      what: `a tick of the daemon, ${MANY} credentials, with what it looks at: each record every 30 s, each file every minute`,
      ours: `${tick.toFixed(1)} ms a tick, ${idle.longest.toFixed(0)} ms at the most in one go`,
      bare: `as many looks in slices of ${SLICE} ms, as much held: ${bareTick.toFixed(1)} ms a tick, ${bareIdle.longest.toFixed(0)} ms at the most in one go`,
      figure: `${tick.toFixed(1)} ms`,
      budget: `≤ ${MOST_A_TICK} ms, ≤ ${MOST_IN_ONE_GO} ms in one go`,
      met: tick <= MOST_A_TICK && idle.longest <= MOST_IN_ONE_GO,
    },
    {
      what: `a scrape of ${lines} lines, longest stretch in which nothing else runs`,
      ours: `${longest.toFixed(0)} ms`,
      bare: '',
      figure: `${longest.toFixed(0)} ms`,
      budget: `≤ ${MOST_IN_ONE_GO} ms`,
      met: longest <= MOST_IN_ONE_GO,
    },
  ];
}
