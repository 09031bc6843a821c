import { describe, expect, it } from 'vitest';
import { allOptions } from '../../src/usage/help.ts';
import { FORMS } from '../../src/usage/index.ts';
import { type AtEnd, startProgram } from '../support/program.ts';

const COMMANDS = FORMS.map(({ name }) => name);

/** Without any configuration: who asks for help has none yet. */
async function say(args: readonly string[], atEnd: AtEnd) {
  const program = startProgram(args, {}, atEnd);
  const { code } = await program.exited;
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

describe.concurrent('help and version', () => {
  it.for(COMMANDS)(
    'the help of %s is printed even beside an unknown option',
    async (command, { onTestFinished }) => {
      for (const args of [
        [command, '--help'],
        [command, '-h'],
        [command, '--no-such-option', '--help'],
        ['help', command],
      ]) {
        const { code, stdout, stderr } = await say(args, onTestFinished);
        expect(stdout).toMatch(new RegExp(`^wx-token-sidecar ${command}\\b`));
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      }
    },
  );

  it.for(FORMS)(
    'the help of $name tells its options, exit codes and examples in 80 columns',
    async (form, { onTestFinished }) => {
      const { stdout } = await say([form.name, '--help'], onTestFinished);
      for (const [option] of allOptions(form))
        expect(stdout).toMatch(new RegExp(`^  (-h, )?--${option}( |$)`, 'm'));
      for (const { code } of form.exits) expect(stdout).toMatch(new RegExp(`^  ${code} `, 'm'));
      for (const { command } of form.examples) expect(stdout).toContain(`\n  ${command}\n`);
      const commands = form.examples.map(({ command }) => `  ${command}`);
      const long = stdout.split('\n').filter((line) => line.length > 80 && !commands.includes(line));
      expect(long).toEqual([]);
    },
  );

  it.for([[], ...COMMANDS.map((command) => [command])])(
    'the program prints its version with --version when the command is %j',
    async (args, { onTestFinished }) => {
      const { code, stdout, stderr } = await say([...args, '--version'], onTestFinished);
      expect(stdout).toMatch(/^wx-token-sidecar \d+\.\d+\.\d+\n$/);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    },
  );

  it('help about what is no command tells which commands there are', async ({ onTestFinished }) => {
    const { code, stdout, stderr } = await say(['help', 'serve'], onTestFinished);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toMatch(/"serve" is not a command; there are run, once/);
  });

  it.for(['--help', '-h', 'help'])(
    'the program lists its commands for %s',
    async (word, { onTestFinished }) => {
      const { code, stdout } = await say([word], onTestFinished);
      expect(code).toBe(0);
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
      for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    },
  );
});
