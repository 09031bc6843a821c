/** What the runs of Stryker have in common; each mutates a part of src and runs the tests that meet it. */
export const CACHE = 'node_modules/.cache/mutation';

/**
 * @param {'codes' | 'core' | 'loop' | 'disk' | 'cluster'} part
 * @param {readonly string[]} mutate
 */
export function mutating(part, mutate) {
  return {
    testRunner: 'vitest',
    vitest: { configFile: `test/mutation/${part}.vitest.ts`, related: false },
    mutate,
    coverageAnalysis: 'perTest',
    concurrency: 2,
    // Far more than a test takes: only a fault that makes the code run for ever meets it.
    timeoutMS: 10_000,
    // What has not changed since the last run is not tried again; `-- --force` tries all.
    incremental: true,
    incrementalFile: `${CACHE}/${part}.incremental.json`,
    tempDirName: `${CACHE}/sandbox-${part}`,
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: `${CACHE}/${part}.json` },
    // It would rewrite tsconfig.json with a compiler that TypeScript 7 no longer brings.
    tsconfigFile: 'there-is-none.json',
    disableTypeChecks: false,
  };
}
