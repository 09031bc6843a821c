import type { TestContext } from 'vitest';
import { type Environment, startProcess } from './program.ts';
import { needsTool } from './tools.ts';

/** Runs a program in a terminal of its own, in which somebody types a text. */
const IN_A_TERMINAL = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
# Keys that come before the first prompt would be taken by the terminal itself.
text, seen = sys.argv[1].encode(), b''
while True:
    try:
        said = os.read(terminal, 4096)
    except OSError:
        break
    if not said:
        break
    sys.stdout.buffer.write(said)
    seen += said
    if text and b'> ' in seen:
        os.write(terminal, text)
        text = b''
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/**
 * Runs a program in a terminal, to its end. The text is typed once the program has printed its first prompt, `> `.
 * The test ends here, saying why, where there is no Python to open terminals.
 */
export async function typed(
  context: TestContext,
  command: readonly string[],
  text: string,
  env: Environment = {},
): Promise<{ readonly code: number | null; readonly stdout: string }> {
  await needsTool(context.skip, 'python3');
  const args = ['-c', IN_A_TERMINAL, text, ...command];
  const program = startProcess('python3', args, { env }, context.onTestFinished);
  const { code } = await program.exited;
  return { code, stdout: program.stdout() };
}
