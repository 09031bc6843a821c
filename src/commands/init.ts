import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { ConfigError, type Problem } from '../config/config-error.ts';
import { LANGUAGES, type Language, type Text, verbatim } from '../core/text.ts';
import { kindOf } from '../providers/kinds.ts';
import { mustBe } from '../schema/blocks.ts';
import {
  type Answers,
  defaultPaths,
  idProblem,
  nameProblem,
  publishedProblem,
  READERS,
  type Reader,
  readerProblem,
  SIMPLE_KINDS,
  secretPathProblem,
} from '../setup/answers.ts';
import { filesFor } from '../setup/files.ts';
import { nextSteps } from '../setup/next-steps.ts';
import { fileProblem } from '../system/fs/file-failure.ts';
import { constants, lstat, open } from '../system/fs/files.ts';
import { makeFolder } from '../system/fs/make-folder.ts';
import { helpOf } from '../usage/help.ts';
import { INIT } from '../usage/init.ts';
import { ARGUMENTS, asksForHelp, readArguments } from './arguments.ts';
import { EXIT } from './exit.ts';
import { languageOf } from './language.ts';
import { createSession } from './session.ts';

type Given = { readonly [K in keyof typeof INIT.options]?: string };

/** Default name of the credential. */
const NAME = 'main';

/**
 * Runs `init`: asks in a terminal or takes options, writes the files and tells what is left to do.
 * @returns the exit code
 */
export async function run(argv: readonly string[]): Promise<number> {
  if (asksForHelp(argv)) {
    process.stdout.write(helpOf(INIT));
    return EXIT.ok;
  }
  const language = languageSaid(argv);
  try {
    // What stands without an option may be a secret: it is not repeated.
    const { values, positionals } = readArguments(argv, { ...INIT, argument: { name: '' } });
    refuseOtherLanguages(values);
    if (positionals.length > 0) throw new ConfigError([{ where: ARGUMENTS, what: OPTIONS_ALONE }]);
    const isAsking =
      process.stdin.isTTY &&
      process.stdout.isTTY &&
      !(values.reader !== undefined && values.appid !== undefined);
    const answers = isAsking ? await ask(values, language) : fromOptions(values, language);
    if (!answers) return EXIT.badConfig;
    await writeAll(filesFor(answers), values.folder);
    process.stdout.write(report(answers, values.folder));
    return EXIT.ok;
  } catch (error) {
    return createSession().report(error, language);
  }
}

const OPTIONS_ALONE: Text = {
  en: 'init takes options alone, each begins with --',
  zh: 'init 只接受选项，每个都以 -- 开头',
};

const VARIABLE = 'WXTOKEN_LANGUAGE';

/** The language of the option, without one that of the variable or of the terminal, whatever else is wrong. */
function languageSaid(argv: readonly string[]): Language {
  const { values } = parseArgs({ args: [...argv], options: INIT.options, strict: false });
  const said = values['language'] ?? process.env[VARIABLE];
  const language = LANGUAGES.find((one) => one === said);
  return languageOf({ ...(language && { language }) }, process.stdout, process.env);
}

/** @throws {ConfigError} if the option, or without one the variable, names another language */
function refuseOtherLanguages(given: Given): void {
  const language = given.language ?? process.env[VARIABLE] ?? '';
  if (language === '' || LANGUAGES.some((one) => one === language)) return;
  const where = given.language === undefined ? VARIABLE : '--language';
  throw new ConfigError([{ where: verbatim(where), what: mustBe(LANGUAGES) }]);
}

/** One question: its option, what is asked, the answer that Enter gives, and what is wrong with an answer. */
interface Question {
  readonly option: keyof Given;
  readonly text: Text;
  readonly fallback?: string;
  readonly problem: (answer: string) => Text | undefined;
}

/** The questions in their order. Each is made of the answers before it. */
const QUESTIONS: readonly ((before: Given) => Question)[] = [
  () => ({
    option: 'reader',
    text: {
      en: 'Who reads the token? systemd: programs of this host; compose: containers; sidecar: an app in Kubernetes; cluster: one refresher for a whole cluster',
      zh: '谁读取 token？systemd：本机的程序；compose：容器；sidecar：Kubernetes 里的应用；cluster：整个集群共用一个刷新者',
    },
    fallback: 'systemd',
    problem: (answer) => oneOf(answer, READERS),
  }),
  ({ reader }) => ({
    option: 'type',
    text: {
      en: 'Kind of account? stable-token: official account, mini program, mini game, store; access-token: the same with the classic endpoint; wecom: an app of WeCom',
      zh: '账号类型？stable-token：公众号、小程序、小游戏、微信小店；access-token：同上，但用旧接口；wecom：企业微信应用',
    },
    fallback: SIMPLE_KINDS[0]?.type ?? '',
    problem: (answer) =>
      oneOf(
        answer,
        SIMPLE_KINDS.map(({ type }) => type),
      ) ?? readerProblem(answer, readerOf(reader)),
  }),
  ({ type = '' }) => ({
    option: 'appid',
    text: {
      en: `${kindOf(type).id.label} of the account? (not the AppSecret, which goes into a file of its own)`,
      zh: `账号的 ${kindOf(type).id.label}？（不是 AppSecret，它写进单独的文件）`,
    },
    problem: (answer) => idProblem(type, answer),
  }),
  () => ({
    option: 'name',
    text: { en: 'What shall the credential be called?', zh: '这份凭据叫什么名称？' },
    fallback: NAME,
    problem: nameProblem,
  }),
  ({ reader, name = NAME }) => ({
    option: 'file',
    text: { en: 'Where does the published file go?', zh: '已发布的文件放在哪里？' },
    fallback: defaultPaths(readerOf(reader), name).file,
    problem: (answer) => publishedProblem(answer, readerOf(reader)),
  }),
  ({ reader, name = NAME }) => ({
    option: 'secret-file',
    text: {
      en: 'In which file will the daemon find the AppSecret? (init does not write it)',
      zh: '守护进程从哪个文件读取 AppSecret？（init 不会写它）',
    },
    fallback: defaultPaths(readerOf(reader), name).secretFile,
    problem: (answer) => secretPathProblem(answer, readerOf(reader)),
  }),
];

function readerOf(answer: string | undefined): Reader {
  return READERS.find((one) => one === answer) ?? 'systemd';
}

function oneOf(answer: string, choices: readonly string[]): Text | undefined {
  return choices.includes(answer) ? undefined : mustBe(choices);
}

/** Asks until each answer is right; undefined if the terminal is closed before, as by Ctrl-C. */
async function ask(given: Given, language: Language): Promise<Answers | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
  // What is typed or pasted ahead waits here; `question` would lose it.
  const lines = terminal[Symbol.asyncIterator]();
  let isOpen = true;
  terminal.once('close', () => {
    isOpen = false;
  });
  try {
    let answers: Given = { ...given };
    for (const make of QUESTIONS) {
      const { option, text, fallback, problem } = make(answers);
      let answer = answers[option];
      for (;;) {
        const wrong = answer === undefined ? undefined : problem(answer);
        if (answer !== undefined && !wrong) break;
        if (wrong) process.stdout.write(`  ${wrong[language]}\n`);
        process.stdout.write(`${text[language]}${fallback === undefined ? '' : ` [${fallback}]`}\n`);
        // The end may be typed ahead as well, and Node 24 throws where a closed terminal is to prompt.
        if (isOpen) terminal.prompt();
        const { value, done } = await lines.next();
        if (done) return undefined;
        answer = value.trim() || (fallback ?? '');
      }
      answers = { ...answers, [option]: answer };
    }
    return toAnswers(answers, language);
  } finally {
    terminal.close();
  }
}

/**
 * Takes everything from options.
 * @throws {ConfigError} with everything that is missing or wrong
 */
function fromOptions(given: Given, language: Language): Answers {
  const problems: Problem[] = [];
  let answers: Given = { type: SIMPLE_KINDS[0]?.type ?? '', ...given };
  for (const make of QUESTIONS) {
    // What is wrong with the type leaves open what its id looks like.
    const isKnown = SIMPLE_KINDS.some(({ type }) => type === answers.type);
    const { option, fallback, problem } = make(
      isKnown ? answers : { ...answers, type: SIMPLE_KINDS[0]?.type ?? '' },
    );
    const isRequired = option === 'reader' || option === 'appid';
    const answer = answers[option] ?? (isRequired ? undefined : fallback);
    const what =
      answer === undefined
        ? { en: 'is missing: outside a terminal nobody is asked', zh: '缺少：不在终端里时不会提问' }
        : problem(answer);
    if (what) problems.push({ where: verbatim(`--${option}`), what });
    if (answer !== undefined) answers = { ...answers, [option]: answer };
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return toAnswers(answers, language);
}

function toAnswers(given: Given, language: Language): Answers {
  const { type = '', appid = '', name = NAME } = given;
  const reader = readerOf(given.reader);
  const paths = defaultPaths(reader, name);
  const { file = paths.file, 'secret-file': secretFile = paths.secretFile } = given;
  return { type, appId: appid, name, reader, file, secretFile, language };
}

/**
 * Writes all files or none of them.
 * @throws {ConfigError} for each file that is there already, or that cannot be written
 */
async function writeAll(files: Readonly<Record<string, string>>, folder: string): Promise<void> {
  const paths = Object.keys(files).map((name) => join(folder, name));
  const found = await Promise.all(
    paths.map((path) =>
      lstat(path).then(
        () => [path],
        () => [],
      ),
    ),
  );
  const there = found.flat().map((path) => ({ where: verbatim(path), what: THERE }));
  if (there.length > 0) throw new ConfigError(there);
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    try {
      await makeFolder(dirname(path));
      await writeNew(path, content);
    } catch (error) {
      throw new ConfigError([{ where: verbatim(path), what: fileProblem('write', path, error) }]);
    }
  }
}

const THERE: Text = {
  en: 'is there already, and nothing is overwritten',
  zh: '已存在，init 不覆盖任何文件',
};

async function writeNew(path: string, content: string): Promise<void> {
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  const file = await open(path, O_CREAT | O_EXCL | O_WRONLY, 0o644);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

const WRITTEN: Text = { en: 'Written:', zh: '已写入：' };
const NEXT: Text = { en: 'Next:', zh: '接下来：' };

function report(answers: Answers, folder: string): string {
  const { language } = answers;
  const written = Object.keys(filesFor(answers)).map((name) => `  ${join(folder, name)}\n`);
  const steps = nextSteps(answers, folder).map(({ what, commands }, index) => {
    const lines = commands.map((command) => `     ${command}\n`);
    return `  ${index + 1}. ${what[language]}\n${lines.join('')}`;
  });
  return `${WRITTEN[language]}\n${written.join('')}${NEXT[language]}\n${steps.join('')}`;
}
