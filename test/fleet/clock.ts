import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import type { Environment } from '../support/program.ts';
import { missing } from '../support/tools.ts';

/** The library that lies about the time, as Debian's package `faketime` installs it. */
const LIBRARY = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketimeMT.so.1`;

/** The wall clock of the processes that are started with its environment; their monotonic clock is the real one. */
export interface FakeWallClock {
  readonly env: Environment;
  /** `+3h`, `-3h`, or `@1970-01-02 00:00:00`: from then on for good, also for processes that run. */
  readonly set: (time: string) => Promise<void>;
}

/** @returns a clock that is right; where the library is absent the test is skipped */
export async function fakeWallClock(folder: string, skip: TestContext['skip']): Promise<FakeWallClock> {
  if (!existsSync(LIBRARY)) skip(missing('libfaketimeMT.so.1'));
  const path = join(folder, 'clock', 'time');
  await mkdir(join(folder, 'clock'), { recursive: true });
  const set = async (time: string) => {
    // In one step: half a line would be another time.
    await writeFile(`${path}.next`, `${time}\n`);
    await rename(`${path}.next`, path);
  };
  await set('+0');
  return {
    set,
    env: {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    },
  };
}
