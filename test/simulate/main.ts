import { parseArgs } from 'node:util';
import { allScenarios } from './scenarios.ts';
import { simulate } from './simulate.ts';
import { table } from './table.ts';
import { allScenarios as thirdPartyScenarios } from './third-parties/scenario.ts';
import { simulate as simulateThirdParty } from './third-parties/simulate.ts';
import { table as thirdPartyTable } from './third-parties/table.ts';
import { judge as judgeThirdParty } from './third-parties/verdict.ts';
import { judge, type Verdict } from './verdict.ts';

const HELP = `npm run simulate [-- --seed N --days N --accounts N --third-parties]

Plays the daemon against the sandbox's platform, every type with every number of daemons and every fault, then a
third-party platform with so many accounts (500), and prints what became of it. With --third-parties only the latter.
Ends with 1 when something is worse than the design proves.
`;

const NOTES = `
Readers re-read once a minute and use what they read until they read again. A read is bad whose token the platform
would refuse at some moment of that minute; the worst gap is the longest such stretch of one reader. In brackets:
what a rival's forced calls broke, which no daemon can help. "Bound": the only gaps that the design allows.
`;

const THIRD_PARTY_NOTES = `
A component and its accounts, kept by two daemons on one state folder. Calls: for tokens, of the average account and of
the one that cost most; readings of the list and requests to push again are those of all together. A dead read is
unavoidable where the account had just authorised again (its token is dead at once; until the first refused reader has
said so, and all have read again), where nothing was pushed for longer than a ticket lives, and where an answer with a
token never arrived or died with its daemon. "Most in 1 s": calls for accounts of all daemons.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      days: { type: 'string', default: '30' },
      accounts: { type: 'string', default: '500' },
      'third-parties': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const days = wholeNumber('days', values.days);
  const seed = wholeNumber('seed', values.seed);
  const accounts = wholeNumber('accounts', values.accounts);
  process.stdout.write(`${days} simulated days, seed ${seed}\n\n`);
  const isWell = [
    values['third-parties'] ? true : await playOfficial(days, seed),
    await playThirdParties(accounts, days, seed),
  ];
  return isWell.every((well) => well) ? 0 : 1;
}

async function playOfficial(days: number, seed: number): Promise<boolean> {
  const verdicts: Verdict[] = [];
  for (const scenario of allScenarios(days, seed)) verdicts.push(judge(await simulate(scenario)));
  process.stdout.write(`${table(verdicts).join('\n')}\n${NOTES}\n`);
  return verdicts.every(({ broken }) => broken.length === 0);
}

async function playThirdParties(accounts: number, days: number, seed: number): Promise<boolean> {
  const verdicts = [];
  for (const scenario of thirdPartyScenarios(accounts, days, seed))
    verdicts.push(judgeThirdParty(await simulateThirdParty(scenario)));
  process.stdout.write(`${thirdPartyTable(verdicts).join('\n')}\n${THIRD_PARTY_NOTES}`);
  return verdicts.every(({ broken }) => broken.length === 0);
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
