/** Writes RESULTS.md of what `npm run mutate` has found: the score of each part, and every survivor. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { EQUIVALENT } from './equivalent.mjs';
import { CACHE } from './shared.mjs';

const RESULTS = 'test/mutation/RESULTS.md';

/** What each part has to reach, in percent. */
const PARTS = [
  ['src/core', 85],
  ['src/codec', 75],
  ['src/coordination', 75],
  ['src/loop', 75],
  ['src/system', 75],
];

/** What is wrong with the reports: then the scores are not those of the sources as they are. */
const problems = [];
const mutants = (await Promise.all(['codes', 'core', 'loop', 'disk', 'cluster'].map(mutantsOf))).flat();
const rows = PARTS.filter(([part]) => mutants.some(({ file }) => file.startsWith(part))).map(scoreOf);
const sources = await Promise.all(['src/core', 'src/codec', 'src/coordination', 'src/loop'].map(filesIn));
const untried = ['src/system/fs/atomic-write.ts', ...sources.flat()].filter(
  (file) => !mutants.some((mutant) => mutant.file === file),
);
const unseen = mutants.filter(({ status, why }) => !why && ['Survived', 'NoCoverage'].includes(status));
const equivalent = mutants.filter(({ why }) => why);

await writeFile(
  RESULTS,
  `# Mutants

Written by \`npm run mutate\`, which puts one fault after the other into the modules that decide and runs the tests that
meet them in one process. The daemons that end-to-end tests start hold no mutant, so what only they would notice counts
as unseen here. The score is the share of what was noticed in all that makes a difference.

| part | noticed | of these by a time-out | survived | not reached | equivalent | score | wanted |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.map(({ text }) => text).join('\n')}

## Not tried

What is not among the mutants: it holds types alone, or its run was left out.

${untried.map((file) => `- \`${file}\``).join('\n') || 'None.'}

## Equivalent

The program does the same with them.

${equivalent.map((mutant) => `${inWords(mutant)}: ${mutant.why}`).join('\n') || 'None.'}

## Unseen

${unseen.map(inWords).join('\n') || 'None.'}
`,
);

for (const { file, line, to } of EQUIVALENT) {
  const isThere = equivalent.some((one) => one.file === file && one.line === line && one.replacement === to);
  if (!isThere) problems.push(`equivalent.mjs: no survivor in ${file}: ${line}`);
}
for (const file of untried) {
  if (!(await isTypesAlone(file))) problems.push(`${file} was not tried`);
}
for (const { text } of rows) process.stdout.write(`${text}\n`);
for (const problem of problems) process.stderr.write(`${problem}\n`);
const isShort = rows.length < PARTS.length || rows.some(({ score, wanted }) => score < wanted);
process.exitCode = problems.length > 0 || isShort ? 1 : 0;

/** Whether there is nothing in a file that runs. */
async function isTypesAlone(file) {
  return !/^(?:export )?(?:async )?(?:const|let|function|class)\b/m.test(await readFile(file, 'utf8'));
}

async function mutantsOf(part) {
  const text = await readFile(`${CACHE}/${part}.json`, 'utf8').catch(() => undefined);
  if (text === undefined) problems.push(`there is no report of ${part}: npm run mutate:${part}`);
  const { files } = JSON.parse(text ?? '{"files":{}}');
  for (const [file, { source }] of Object.entries(files)) {
    const now = await readFile(file, 'utf8').catch(() => undefined);
    if (now !== source) problems.push(`${file} is not what npm run mutate:${part} has tried`);
  }
  return Object.entries(files).flatMap(([file, { source, mutants: found }]) => {
    const lines = source.split('\n');
    return found.map((mutant) => {
      const { start, end } = mutant.location;
      const whole = lines[start.line - 1];
      const line = whole.trim();
      const from = whole.slice(start.column - 1, end.line === start.line ? end.column - 1 : undefined);
      const isIt = (one) =>
        one.file === file && one.line === line && one.from === from && one.to === mutant.replacement;
      const judged = EQUIVALENT.find(isIt);
      return { ...mutant, file, line, why: mutant.status === 'Survived' ? judged?.why : undefined };
    });
  });
}

async function filesIn(folder) {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => `${folder}/${name}`);
}

function scoreOf([part, wanted]) {
  const own = mutants.filter(({ file }) => file.startsWith(part));
  const [noticed, survived, missed, same] = [
    own.filter(({ status }) => ['Killed', 'Timeout'].includes(status)).length,
    own.filter(({ status, why }) => status === 'Survived' && !why).length,
    own.filter(({ status }) => status === 'NoCoverage').length,
    own.filter(({ why }) => why).length,
  ];
  const score = (100 * noticed) / (noticed + survived + missed);
  const late = own.filter(({ status }) => status === 'Timeout').length;
  const cells = [
    `\`${part}\``,
    noticed,
    late,
    survived,
    missed,
    same,
    `${score.toFixed(1)} %`,
    `${wanted} %`,
  ];
  return { score, wanted, text: `| ${cells.join(' | ')} |` };
}

function inWords({ file, line, location, mutatorName, replacement = '' }) {
  const short = (text, most) => text.replaceAll(/\s+/g, ' ').slice(0, most);
  return `- \`${file}:${location.start.line}\` ${mutatorName}: \`${short(line, 90)}\` → \`${short(replacement, 60)}\``;
}
