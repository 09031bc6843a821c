import type { EdgeError } from '../core/failure.ts';
import { notifyFailure } from './notifier.ts';

interface Meaning {
  readonly what: string;
  readonly advice: string;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: {
    what: 'there is no such program, or its first line (#!) names one that is not there',
    advice: 'give its full path, and see that it is in the image of the sidecar, not only in that of the app',
  },
  EACCES: {
    what: 'it may not be executed',
    advice: 'chmod a+x; and the volume must not be mounted noexec',
  },
  E2BIG: { what: 'its arguments are too long', advice: 'put them into a script' },
  ENOEXEC: {
    what: 'it is no program of this machine',
    advice: 'give a script its first line (#!/bin/sh), and a binary the right architecture',
  },
  EAGAIN: {
    what: 'there are too many processes',
    advice: "raise the limit (ulimit -u, the container's pids)",
  },
  EMFILE: { what: 'the daemon has too many open files', advice: 'raise the limit (ulimit -n)' },
  ENOMEM: { what: 'there is not enough memory', advice: "raise the container's limit" },
};

const OTHER: Meaning = { what: '', advice: 'try the command by hand, as the user of the daemon' };

/** These pass by themselves, the others are for a person. */
const PASSING = new Set(['EAGAIN', 'EMFILE', 'ENOMEM']);

/** Why a program could not be started. */
export function spawnFailure(id: string, error: unknown): EdgeError {
  const { code = 'unexpected' } = error as NodeJS.ErrnoException;
  const { what, advice } = MEANINGS[code] ?? OTHER;
  return notifyFailure(
    {
      class: PASSING.has(code) ? 'passing' : 'refused',
      code,
      message: `cannot start ${id}: ${what ? `${what} (${code})` : code}`,
      advice,
    },
    // The error names all arguments.
    new Error(`spawn ${code}`),
  );
}
