import { hostname } from 'node:os';
import * as v from 'valibot';
import { parseJson } from '../../codec/encoding.ts';
import type { View } from '../../core/plan.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import type { HungVolume } from '../../system/fs/turns.ts';
import { type ProcessIdentity, self } from '../../system/process/process-identity.ts';
import { version } from '../../system/process/version.ts';
import { piecesOf } from '../../system/time/slices.ts';
import { escapeControls } from '../log/escape.ts';
import { Server, type ServerStatus } from './server-status.ts';
import { type Status, statusOf } from './status.ts';
import { hungVolumes } from './status-json.ts';

/** The status of all credentials when a daemon wrote it down for the command `status`. It contains nothing secret. */
export interface Snapshot {
  /** Time at which the daemon wrote it, epoch seconds. */
  readonly at: number;
  /** The process that wrote it. */
  readonly process: ProcessIdentity & { readonly host: string };
  /** Set when the daemon wrote the snapshot as it stopped. */
  readonly stopped?: true;
  /** What the daemon serves; absent where an older version wrote the snapshot. */
  readonly servers?: readonly ServerStatus[];
  /** The volumes that did not answer, and for how many seconds. */
  readonly hung_volumes?: readonly HungVolumeStatus[];
  readonly credentials: readonly Status[];
}

export interface HungVolumeStatus {
  readonly volume: string;
  readonly path: string;
  readonly seconds: number;
}

/**
 * Version of the format. It goes up when an older program could not read what a newer one writes, or the other way
 * round.
 */
const FORMAT = 1;

/** What a snapshot says of the daemon itself. */
export interface Surroundings {
  readonly servers: readonly ServerStatus[];
  readonly hung?: readonly HungVolume[];
}

/**
 * Encodes what a daemon knows. It does so in slices, so that a daemon of thousands of credentials goes on meanwhile.
 * @returns the pieces of the text, encoded. Each is to be written before the next one is made: megabytes that are held until
 *   the end would be garbage that only a collection of the whole heap finds
 */
export async function* encodeSnapshot(
  views: Iterable<View>,
  now: Instant,
  isStopped: boolean,
  { servers, hung = [] }: Surroundings,
): AsyncGenerator<Buffer> {
  const credentials = piecesOf(views, ',\n', (view) => escapeControls(JSON.stringify(statusOf(view, now))));
  const head = JSON.stringify({
    format: FORMAT,
    version,
    at: Math.floor(now.wall / SECOND),
    process: { host: hostname(), ...self },
    ...(isStopped && { stopped: true }),
    servers,
    ...hungVolumes(hung),
  });
  yield Buffer.from(`${escapeControls(head).slice(0, -1)},"credentials":[\n`);
  yield* credentials;
  yield Buffer.from('\n]}\n');
}

const Text = v.string();
const Seconds = v.pipe(v.number(), v.finite());
/** Epoch seconds, up to the last value that is a date. */
const Epoch = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e12));
const Calls = v.object({ used: v.number(), limit: v.number() });

const words = { message: Text, advice: v.exactOptional(Text) };
const told = { code: Text, ...words, zh: v.exactOptional(v.object(words)) };
const step = { what: Text, brief: Text };
const STANDINGS = ['fresh', 'dead', 'missing', 'unreadable', 'unknown'] as const;

const Target = v.object({
  id: Text,
  state: v.picklist([...STANDINGS, 'behind']),
  age: v.exactOptional(Seconds),
  expires_at: v.exactOptional(Epoch),
  life_left: v.exactOptional(Seconds),
  error: v.exactOptional(v.object(told)),
});

const Stored = v.object({
  at: Epoch,
  process: v.object({ host: Text, namespace: Text, pid: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
  stopped: v.exactOptional(v.literal(true)),
  servers: v.exactOptional(v.array(Server)),
  hung_volumes: v.exactOptional(v.array(v.object({ volume: Text, path: Text, seconds: Seconds }))),
  credentials: v.array(
    v.object({
      credential: Text,
      title: v.exactOptional(Text),
      kind: Text,
      account: Text,
      optional: v.boolean(),
      state: v.picklist(STANDINGS),
      issued_at: v.exactOptional(Epoch),
      expires_at: v.exactOptional(Epoch),
      expires_in: v.exactOptional(Seconds),
      age: v.exactOptional(Seconds),
      life_left: v.exactOptional(Seconds),
      targets: v.array(Target),
      error: v.exactOptional(
        v.object({
          ...told,
          errcode: v.exactOptional(v.number()),
          rid: v.exactOptional(Text),
          failures: v.number(),
          since: Epoch,
        }),
      ),
      pushed_ticket: v.exactOptional(
        v.object({
          state: v.picklist(['flowing', 'quiet', 'ending', 'none']),
          age: v.exactOptional(Seconds),
          error: v.exactOptional(v.object(told)),
          trouble: v.exactOptional(
            v.object({ ...told, count: v.exactOptional(v.number()), since: v.exactOptional(Epoch) }),
          ),
        }),
      ),
      state_error: v.exactOptional(
        v.object({
          ...told,
          since: v.exactOptional(Epoch),
          restart_costs: v.exactOptional(v.picklist(['nothing', 'ledger', 'call', 'token', 'source'])),
          restart: v.exactOptional(Text),
          zh: v.exactOptional(v.object({ ...words, restart: v.exactOptional(Text) })),
        }),
      ),
      next: v.object({ in: Seconds, ...step, zh: v.exactOptional(v.object(step)) }),
      calls: v.object({ fetches: Calls, forced: Calls }),
    }),
  ),
});

const Versioned = v.object({
  format: v.number(),
  version: v.exactOptional(v.pipe(v.string(), v.maxLength(64))),
});

/**
 * Decodes a snapshot.
 * @throws {Error} why the text is not a snapshot: it is damaged, or another version of the program wrote it
 */
export function decodeSnapshot(text: string): Snapshot {
  const parsed = parseJson(text);
  const versioned = v.safeParse(Versioned, parsed);
  if (versioned.success && versioned.output.format !== FORMAT) {
    const { format, version: theirs = 'unknown' } = versioned.output;
    const which = format > FORMAT ? 'a later' : 'another';
    throw new Error(
      `written by ${which} version of the program (${theirs}, format ${format}; this is ${version}, which reads format ${FORMAT})`,
    );
  }
  const { success, output } = v.safeParse(Stored, parsed);
  if (!versioned.success || !success) throw new Error('damaged');
  return output;
}
