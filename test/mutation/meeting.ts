import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

/**
 * The tests that meet the mutated modules in their own process: in what a daemon of its own does, there is no mutant.
 */
export const meeting = (include: string[], exclude: string[] = []) =>
  defineConfig({
    ...base,
    test: {
      ...base.test,
      include,
      exclude,
      globalSetup: [],
      // Stryker counts what is met for each file.
      isolate: true,
      // One at a time: whose code runs is known by the test that runs.
      maxConcurrency: 1,
    },
  });
