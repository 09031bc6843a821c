import { setTimeout as delay } from 'node:timers/promises';
import { appIdOf, TEST_SECRET } from './account.ts';
import { type Agency, LATENCY, openAgency } from './agency.ts';
import { startNode } from './node.ts';
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
    if (http) rows.push(...(await atRest(many.daemon)));
    else rows.push(roundRow(many, bare));
    await many.daemon.end();
  }
  return rows;
};

interface Round {
  readonly daemon: Probed;
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
  const daemon = startProbed(['run', '--config', config], surroundings);
  await daemon.line(/"message":"started"/);
  const before = await cpuOf(daemon.pid);
  const from = performance.now();
  await daemon.lines(/"message":"published"/, count);
  const took = performance.now() - from;
  const cpu = (await cpuOf(daemon.pid)) - before;
  await delay(SETTLED);
  return { daemon, took, cpu };
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

async function atRest(daemon: Probed): Promise<Row[]> {
  const [address] = await daemon.line(/127\.0\.0\.1:\d+/);
  await delay(ALL_LOOKED_AT);
  // To watch for stretches the loop is woken every millisecond, which would count as well.
  await daemon.ask('count');
  await delay(IDLE_TICKS * TICK);
  const tick = (await daemon.ask('busy')).active / IDLE_TICKS;
  await daemon.ask('watch');
  await delay(IDLE_TICKS * TICK);
  const idle = await daemon.ask('busy');
  await daemon.ask('watch');
  const scrape = await (await fetch(`http://${address}/metrics`)).text();
  const { longest } = await daemon.ask('busy');
  const lines = scrape.split('\n').length;
  return [
    {
      what: `a tick of the daemon, ${MANY} credentials, with what it looks at: each record every 30 s, each file every minute`,
      ours: `${tick.toFixed(1)} ms a tick, ${idle.longest.toFixed(0)} ms at the most in one go`,
      bare: '',
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
