import { parseArgs } from 'node:util';
import { allScenarios } from './scenarios.ts';
import { simulate } from './simulate.ts';
import { table } from './table.ts';
import { judge, type Verdict } from './verdict.ts';

const HELP = `npm run simulate [-- --seed N --days N]

Plays the daemon against the sandbox's platform, every type with every number of daemons and every fault, and prints
what became of it. Ends with 1 when something is worse than the design proves.
`;

const NOTES = `
Readers re-read once a minute and use what they read until they read again. A read is bad whose token the platform
would refuse at some moment of that minute; the worst gap is the longest such stretch of one reader. In brackets:
what a rival's forced calls broke, which no daemon can help. "Bound": the only gaps that the design allows.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      days: { type: 'string', default: '30' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const days = wholeNumber('days', values.days);
  const seed = wholeNumber('seed', values.seed);
  const verdicts: Verdict[] = [];
  for (const scenario of allScenarios(days, seed)) verdicts.push(judge(await simulate(scenario)));
  process.stdout.write(`${days} simulated days, seed ${seed}\n\n${table(verdicts).join('\n')}\n${NOTES}`);
  return verdicts.every(({ broken }) => broken.length === 0) ? 0 : 1;
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`--${name} must be a whole number from 1 on`);
  return Number(text);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`simulate: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
