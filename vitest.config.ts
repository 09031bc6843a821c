import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { insteadOf } from './build/instead.mjs';
import { skippedReporter } from './test/support/skipped-reporter.ts';

const SOURCES = join(import.meta.dirname, 'src');

export default defineConfig({
  // The modules under test get of each package what they get in the bundle.
  plugins: [
    {
      name: 'instead',
      enforce: 'pre',
      resolveId: (name, importer) => (importer?.startsWith(SOURCES) ? insteadOf(name) : undefined),
    },
    {
      name: 'manifests-as-text',
      enforce: 'pre',
      transform: (code, id) => (id.endsWith('.yaml') ? `export default ${JSON.stringify(code)};` : undefined),
    },
  ],
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', skippedReporter()],
    // The end-to-end tests spawn the built program, so it is built once before the first of them.
    globalSetup: ['test/support/build.ts'],
    pool: 'forks',
    // To load the modules anew for each file would take a quarter of the time. What they keep is kept by the path of a file,
    // and no two tests have one in common: test/build/module-state.test.ts lists it.
    isolate: false,
    // Most of them wait for processes and timers, so more than one per core run well.
    maxWorkers: 5,
    // For a test that hangs, and no other: no test has a limit of its own, since how long it takes depends on what else
    // the machine does. Longer than `eventually` waits, so that a failure says what was waited for.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
