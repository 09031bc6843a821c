import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { READERS } from '../../src/setup/answers.ts';
import { SHELLS, type Shell } from '../../src/usage/completion.ts';
import { FORMS } from '../../src/usage/index.ts';
import { contentOf } from '../support/files.ts';
import { installed } from '../support/installed.ts';
import { type AtEnd, startProcess, startProgram } from '../support/program.ts';
import { typed } from '../support/terminal.ts';
import { needsTool } from '../support/tools.ts';

const CONFIG = `
credentials:
  - {name: main, appId: wx0000000000000000, secretFile: /nowhere/main, publish: [{type: file, path: /nowhere/wx/main}]}
  - {name: shop, appId: wx0000000000000001, secretFile: /nowhere/shop, publish: [{type: file, path: /nowhere/wx/shop}]}
`;

/** A folder with a configuration, a folder whose name has a blank, and the program as a command. */
async function desk(atEnd: AtEnd) {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'config.yaml'), CONFIG);
  await mkdir(join(folder, 'two words'));
  return { folder, env: await installed(folder) };
}

/** What a shell offers for the last word of each line. */
async function offers(
  shell: Shell,
  lines: readonly (readonly string[])[],
  context: TestContext,
): Promise<readonly (readonly string[])[]> {
  await needsTool(context.skip, shell);
  const { folder, env } = await desk(context.onTestFinished);
  const out = join(folder, 'offered');
  await ASK[shell](lines, { folder, env, out }, context);
  const blocks = ((await contentOf(out)) ?? '').split('-- line\n').slice(1);
  return blocks.map((block) => [...new Set(block.split('\n').filter((line) => line !== ''))].sort());
}

interface Desk {
  readonly folder: string;
  readonly env: Readonly<Record<'PATH' | 'HOME', string>>;
  /** For what is offered, each line after a mark. */
  readonly out: string;
}

type Ask = (lines: readonly (readonly string[])[], desk: Desk, context: TestContext) => Promise<void>;

const ASK: Readonly<Record<Shell, Ask>> = {
  async bash(lines, { folder, env, out }, context) {
    // The words as readline gives them to a completion: where = breaks words, it is a word of its own.
    const script = `cd '${folder}'
. <(wx-token-sidecar completion bash)
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _wx_token_sidecar; printf '%s\\n' '-- line' "\${COMPREPLY[@]}" >>'${out}'; }
${lines.map((words) => `ask ${broken(words).map(quoted).join(' ')}`).join('\n')}
`;
    const shell = startProcess('bash', ['--norc', '-c', script], { env }, context.onTestFinished);
    expect(await shell.exited, shell.stderr()).toMatchObject({ code: 0 });
    expect(shell.stderr()).toBe('');
  },
  async zsh(lines, { folder, env, out }, context) {
    // What goes to compadd is what zsh offers; the flags that ask it for something else are its own helpers' calls.
    const setup = `cd '${folder}'
autoload -Uz compinit; compinit -u -D
zstyle ':completion:*' insert-tab false
compadd() {
  if [[ " \${@[1,(i)(-|--)]} " != *" -"[OAD]" "* ]]; then
    local -a hits; builtin compadd -O hits "$@"; print -rl -- "\${(@Q)hits}" >>'${out}'
  fi
  builtin compadd "$@"
}
mark() { print -r -- '-- line' >>'${out}'; }
source <(wx-token-sidecar completion zsh)
PS1='> '
`;
    await writeFile(join(folder, '.zshrc'), setup);
    const keys = lines.map((words) => `mark\r${words.join(' ')}\t\x15`).join('');
    const { code, stdout } = await typed(context, ['zsh', '-i'], `${keys}exit\r`, {
      ...env,
      ZDOTDIR: folder,
      TERM: 'vt100',
    });
    expect(code, stdout).toBe(0);
  },
  async fish(lines, { folder, env, out }, context) {
    const asked = lines.map(
      (words) =>
        `echo '-- line' >>${out}; complete -C ${quoted(words.join(' '))} | string replace -r '\\t.*' '' >>${out}`,
    );
    const script = `cd '${folder}'\nwx-token-sidecar completion fish | source\n${asked.join('\n')}\ntrue\n`;
    const shell = startProcess('fish', ['--no-config', '-c', script], { env }, context.onTestFinished);
    expect(await shell.exited, shell.stderr()).toMatchObject({ code: 0 });
    expect(shell.stderr()).toBe('');
  },
};

const broken = (words: readonly string[]) =>
  words.flatMap((word) => {
    const [, flag, value = ''] = /^(--[\w-]+)=(.*)$/.exec(word) ?? [];
    if (flag === undefined) return [word];
    return value === '' ? [flag, '='] : [flag, '=', value];
  });

const quoted = (text: string) => `'${text}'`;

const P = 'wx-token-sidecar';

const flagsOf = (form: (typeof FORMS)[number]) =>
  [...Object.keys(form.options), 'help', 'version'].map((option) => `--${option}`).sort();

describe.concurrent.each(SHELLS)('completion for %s', (shell) => {
  it(`${shell} completes every command, and without one the options of run`, async (context) => {
    const [commands, run] = await offers(
      shell,
      [
        [P, ''],
        [P, '--'],
      ],
      context,
    );
    expect(commands).toEqual(FORMS.map(({ name }) => name).sort());
    expect(run).toEqual(flagsOf(FORMS[0] as (typeof FORMS)[number]));
  });

  it(`${shell} completes every option of every command`, async (context) => {
    const lines = FORMS.map(({ name }) => [P, name, '--']);
    const offered = await offers(shell, lines, context);
    expect(Object.fromEntries(FORMS.map(({ name }, index) => [name, offered[index]]))).toEqual(
      Object.fromEntries(FORMS.map((form) => [form.name, flagsOf(form)])),
    );
  });

  it(`${shell} completes every value that is one of a few, after a blank and after =`, async (context) => {
    const known = FORMS.flatMap(({ name, options }) =>
      Object.entries(options).flatMap(([option, { value }]) =>
        typeof value?.offers === 'object' ? [{ name, option, words: [...value.offers].sort() }] : [],
      ),
    );
    expect(known.map(({ option }) => option)).toContain('reader');
    const blank = await offers(
      shell,
      known.map(({ name, option }) => [P, name, `--${option}`, '']),
      context,
    );
    expect(blank).toEqual(known.map(({ words }) => words));
    const equals = await offers(
      shell,
      known.map(({ name, option }) => [P, name, `--${option}=`]),
      context,
    );
    // Fish offers the whole word.
    expect(equals.map((words) => words.map((word) => word.replace(/^--[\w-]+=/, '')))).toEqual(blank);
  });

  it(`${shell} offers nothing for a value of which nothing is known`, async (context) => {
    const lines = [
      [P, 'once', '--timeout', ''],
      [P, 'init', '--appid', ''],
    ];
    expect(await offers(shell, lines, context)).toEqual([[], []]);
  });

  it(`${shell} completes shells, files for a configuration and folders where a folder is meant`, async (context) => {
    const lines = [
      [P, 'completion', ''],
      [P, 'check', '--config', 'con'],
      [P, 'init', '--folder', ''],
    ];
    const [shells, files = [], folders = []] = await offers(shell, lines, context);
    expect(shells).toEqual([...SHELLS].sort());
    expect(files).toEqual(['config.yaml']);
    const named = folders.map((path) => path.replace(/\/$/, '').replaceAll('\\', ''));
    expect(named).toContain('two words');
    expect(named).not.toContain('config.yaml');
  });

  it(`${shell} completes the names of the configuration that is named on the line`, async (context) => {
    const lines = [
      [P, 'refresh', '--config', 'config.yaml', ''],
      [P, 'refresh', '--config=config.yaml', ''],
      [P, 'refresh', '--force', '--config', 'config.yaml', 'main', 's'],
      [P, 'refresh', '--config', 'nothing.yaml', ''],
    ];
    const both = ['main', 'shop'];
    expect(await offers(shell, lines, context)).toEqual([both, both, ['shop'], []]);
  });
});

/** Fish asks the terminal what it is before it takes keys, and this one does not answer. */
const AT_PROMPTS = {
  bash: { file: '.bashrc', setup: '', args: ['-i'] },
  zsh: {
    file: '.zshrc',
    setup: "autoload -Uz compinit; compinit -u -D; zstyle ':completion:*' insert-tab false",
    args: ['-i'],
  },
} as const;

describe.concurrent.each(['bash', 'zsh'] as const)('completion at a prompt of %s', (shell) => {
  it(`what ${shell} completes at a prompt is what the program is given`, async (context) => {
    await needsTool(context.skip, shell);
    const { folder, env } = await desk(context.onTestFinished);
    const { file, setup, args } = AT_PROMPTS[shell];
    await writeFile(
      join(folder, file),
      `cd '${folder}'
${setup}
. <(${P} completion ${shell})
${P}() { if [[ $1 == completion ]]; then command ${P} "$@"; else printf '%s\\n' "$@" >'${folder}/given'; fi }
PS1='> '
`,
    );
    const keys = `${P} ini\t--rea\tsys\t --lang\tz\t --folder=two\t\rexit\r`;
    const terminal = { ...env, ZDOTDIR: folder, TERM: 'vt100' };
    const { code, stdout } = await typed(context, [shell, ...args], keys, terminal);
    expect(code, stdout).toBe(0);
    const given = (await contentOf(join(folder, 'given')))?.trimEnd().split('\n') ?? [];
    // Zsh joins a flag and its value by =.
    expect(given.flatMap((word) => word.replace(/\/$/, '').split(/(?<=^--[a-z]+)=/))).toEqual([
      ...['init', '--reader', 'systemd', '--language', 'zh', '--folder', 'two words'],
    ]);
  });
});

describe.concurrent('the command completion', () => {
  it.for([[], ['tcsh'], ['bash', 'zsh']])('is refused with the arguments %j', async (args, context) => {
    const program = startProgram(['completion', ...args], {}, context.onTestFinished);
    expect((await program.exited).code).toBe(78);
    expect(program.stderr()).toBe(`${P}: arguments: name one shell: bash, zsh, fish\n`);
    expect(program.stdout()).toBe('');
  });

  it('says nothing of names where nothing is configured', async (context) => {
    const program = startProgram(['completion', '--names'], {}, context.onTestFinished);
    expect((await program.exited).code).toBe(0);
    expect(program.stdout() + program.stderr()).toBe('');
  });

  it('offers every reader that init knows', () => {
    const init = FORMS.find(({ name }) => name === 'init');
    expect(init?.options['reader']?.value?.offers).toEqual(READERS);
  });
});
