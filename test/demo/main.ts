import { runDemo } from './demo.ts';
import { createScreen } from './screen.ts';

/**
 * The sandbox, the daemon and an app that reads, at work in a terminal; with `--component` those of a third-party
 * platform. `DEMO_SECONDS=N` ends it by itself.
 */
async function main(): Promise<number> {
  const seconds = Number(process.env['DEMO_SECONDS'] || Number.NaN);
  // Until everything has been ended; a second Ctrl-C would only leave something behind.
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
    process.stdout.on('error', () => resolve());
    if (seconds > 0) setTimeout(resolve, seconds * 1000);
  });
  const screen = createScreen(process.stdout);
  try {
    return await runDemo(screen, asked, process.argv.includes('--component') ? 'component' : 'accounts');
  } finally {
    screen.close();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`demo: unexpected: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
