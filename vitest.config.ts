import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { insteadOf } from './build/instead.mjs';

const SOURCES = join(import.meta.dirname, 'src');

export default defineConfig({
  // The modules under test get of each package what they get in the bundle.
  plugins: [
    {
      name: 'instead',
      enforce: 'pre',
      resolveId: (name, importer) => (importer?.startsWith(SOURCES) ? insteadOf(name) : undefined),
    },
  ],
  test: {
    include: ['test/**/*.test.ts'],
    // The end-to-end tests spawn the built program, so it is built once before the first of them.
    globalSetup: ['test/support/build.ts'],
    pool: 'forks',
    // No module keeps anything between tests, and to load them anew for each file takes a quarter of the time.
    isolate: false,
    // Most of them wait for processes and timers, so more than one per core run well.
    maxWorkers: 6,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
