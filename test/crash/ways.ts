import { sha256 } from '../e2e/workbench.ts';
import { contentOf } from '../support/files.ts';
import type { AtEnd, Exit } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import type { Before, Scene } from './scene.ts';
import { type Stopped, startStopped } from './traced.ts';

/** How the program comes to publish while it is traced. */
export interface Way {
  /** Brings it to where a tracer is to attach. */
  readonly begin: (scene: Scene, atEnd: AtEnd) => Promise<Stopped>;
  /** Lets it publish. */
  readonly go: (stopped: Stopped) => void;
  /** @returns how it ended, by itself or since it was asked to once it had published */
  readonly end: (stopped: Stopped, scene: Scene, before: Before) => Promise<Exit>;
  /** How it may end though a call has failed. */
  readonly exits: ReadonlySet<string>;
}

export const WAYS = {
  once: {
    begin: (scene, atEnd) => startStopped(['once', '--timeout', '12s'], scene.env, atEnd),
    go: ({ program }) => program.signal('SIGCONT'),
    end: ({ program }) => program.exited,
    // That something cannot be read or written is a passing fault or a bad configuration.
    exits: new Set(['0', '75', '78']),
  },
  run: {
    async begin(scene, atEnd) {
      const stopped = await startStopped(['run'], scene.env, atEnd);
      stopped.program.signal('SIGCONT');
      await stopped.program.logged(/^adopted a stored token/);
      return stopped;
    },
    go: ({ program }) => program.signal('SIGHUP'),
    async end({ program }, { file }, before) {
      const hasPublished = async () => {
        const newest = (await before.calls()).findLast(({ tokenSha256 }) => tokenSha256)?.tokenSha256;
        return sha256((await contentOf(file)) ?? '') === newest;
      };
      const published = eventually(hasPublished, { for: 'the daemon to go on' });
      await Promise.race([published.catch(() => {}), program.exited]);
      program.signal('SIGTERM');
      return program.exited;
    },
    exits: new Set(['0']),
  },
} as const satisfies Readonly<Record<string, Way>>;
