import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { campaign, complaint, table } from './campaign.ts';
import { SCENES, type SceneName } from './scene.ts';
import { obstacle } from './traced.ts';
import type { Outcome } from './trial.ts';

const HELP = `npm run test:crash [-- --every] [-- --scene NAME] [-- --jobs N]

Ends the built program at every system call of a publish in turn, and lets every call fail with every error that it can
end with; looks after each what lies there, and again after the next start. Ends with 1 when anything is bad.

  --every        also at every repeated look at the same thing, and with errors that a call cannot end with
  --scene NAME   one of: ${Object.keys(SCENES).join(', ')}
  --jobs N       so many at once (default 3)
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      every: { type: 'boolean', default: false },
      scene: { type: 'string', multiple: true, default: Object.keys(SCENES) },
      jobs: { type: 'string', default: '3' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return say(HELP);
  const unknown = values.scene.filter((name) => !isScene(name));
  if (unknown.length > 0) {
    process.stderr.write(`crash: no such scene: ${unknown.join(', ')}\n\n${HELP}`);
    return 2;
  }
  const undo: (() => Promise<void>)[] = [];
  const atEnd = (step: () => Promise<void>) => void undo.push(step);
  try {
    const folder = await mkdtemp(join(tmpdir(), 'wx-'));
    atEnd(() => rm(folder, { recursive: true, force: true }));
    const reason = await obstacle(join(folder, 'trace'), atEnd);
    if (reason !== undefined) return say(`skipped: no program can be traced here: ${reason}\n`);
    const all: Record<string, readonly Outcome[]> = {};
    for (const scene of values.scene.filter(isScene)) {
      const told = progress(scene);
      all[scene] = await campaign(
        { scene, choose: (found) => found, every: values.every, jobs: Number(values.jobs), told },
        atEnd,
      );
    }
    say(`\n${table(all).join('\n')}\n`);
    return Object.values(all).some((outcomes) => outcomes.some(({ bad }) => bad.length > 0)) ? 1 : 0;
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

function isScene(name: string): name is SceneName {
  return Object.hasOwn(SCENES, name);
}

/** Whatever is bad at once, and a sign of life at every fiftieth point. */
function progress(scene: string): (outcome: Outcome) => void {
  let count = 0;
  return (outcome) => {
    count += 1;
    if (outcome.bad.length > 0) say(`BAD ${complaint(outcome)}\n`);
    if (count % 50 === 0) say(`${scene}: ${count}\n`);
  };
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`crash: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 2;
  },
);
