import { readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { TEST_APP, TEST_SECRET } from './account.ts';
import { figuresOf, ratiosOf, shown } from './figures.ts';
import { BUNDLE, PROGRAM, startNode } from './node.ts';
import { startPlatform } from './platform.ts';
import type { Measure } from './row.ts';
import { scratch } from './scratch.ts';

const ROUNDS = 20;
const WARM_UP = 2;

/** The image's Node, and the oldest line that is supported. */
const BUDGET = 1.6;
const BUDGETS: Readonly<Record<string, number>> = { '20': 2.2 };

/** The least that brings the token from the platform into a file. */
const BARE = `
const body = JSON.stringify({ grant_type: 'client_credential', appid: process.env.APP, secret: process.env.SECRET });
const headers = { 'content-type': 'application/json', 'content-length': body.length };
require('node:http').request(process.env.URL + '/cgi-bin/stable_token', { method: 'POST', headers }, (answer) => {
  let text = '';
  answer.on('data', (chunk) => { text += chunk; });
  answer.on('end', () => require('node:fs').writeFileSync(process.env.FILE, JSON.parse(text).access_token));
}).end(body);
`;

export const measureStart: Measure = async (surroundings) => {
  const { url } = await startPlatform(surroundings);
  const ours: number[] = [];
  const uncached: number[] = [];
  const bare: Times[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const script = await timed(['-e', BARE], (file) => ({
      ...{ URL: url, APP: TEST_APP, SECRET: TEST_SECRET, FILE: file },
    }));
    const env = (file: string) => ({
      WXTOKEN_APPID: TEST_APP,
      WXTOKEN_SECRET: TEST_SECRET,
      WXTOKEN_API_BASE_URL: url,
      WXTOKEN_FILE: file,
    });
    const daemon = await timed([PROGRAM, 'run'], env);
    const plain = await timed([BUNDLE, 'run'], env);
    if (round < 0) continue;
    bare.push(script);
    ours.push(daemon.readable);
    uncached.push(plain.readable);
  }
  const whole = bare.map(({ ended }) => ended);
  const written = bare.map(({ readable }) => readable);
  const ratio = ratiosOf(ours, whole);
  const budget = BUDGETS[process.versions.node.split('.')[0] ?? ''] ?? BUDGET;
  const text = shown(figuresOf(ours), 'ms');
  return [
    {
      what: 'start of the process → token readable',
      ours: text,
      bare: `node -e with one node:http request, start to end: ${shown(figuresOf(whole), 'ms')}`,
      figure: shown(ratio),
      budget: `≤ ${budget}`,
      met: ratio.median <= budget,
    },
    {
      what: '… without the code cache of the image, as the npm package starts',
      ours: shown(figuresOf(uncached), 'ms'),
      bare: shown(figuresOf(whole), 'ms'),
      figure: shown(ratiosOf(uncached, whole)),
    },
    {
      what: '… over the same script until its own file is written',
      ours: text,
      bare: shown(figuresOf(written), 'ms'),
      figure: shown(ratiosOf(ours, written)),
    },
  ];
};

interface Times {
  /** From the start of the process to a file that holds something, ms. */
  readonly readable: number;
  /** To the end of the process, by itself or made to. */
  readonly ended: number;
}

async function timed(
  args: readonly string[],
  env: (file: string) => Readonly<Record<string, string>>,
): Promise<Times> {
  const undo: (() => Promise<void>)[] = [];
  const atEnd = (one: () => Promise<void>) => undo.unshift(one);
  try {
    const folder = await scratch({ atEnd });
    const file = join(folder, 'token');
    const seen = new Promise<number>((resolve) => {
      const watcher = watch(folder, (_, name) => {
        // A file that is not replaced in one step is there before it holds anything.
        if (name === 'token' && readFileSync(file, 'utf8') !== '') resolve(performance.now());
      });
      atEnd(async () => watcher.close());
    });
    const started = performance.now();
    const node = startNode(args, { env: env(file), atEnd });
    const at = await Promise.race([seen, node.failed]);
    if (args.includes('run')) await node.end();
    await node.ended;
    return { readable: at - started, ended: performance.now() - started };
  } finally {
    for (const one of undo) await one();
  }
}
