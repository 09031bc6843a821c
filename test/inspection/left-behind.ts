import { join } from 'node:path';
import { joinCredential } from '../../src/app/unit.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { stateFolder } from '../../src/coordination/folder/state-folder.ts';
import type { Kind, Token } from '../../src/core/credential.ts';
import type { AccountRecord } from '../../src/core/record.ts';
import { statusOnDisk } from '../../src/inspection/status/index.ts';
import { storesOnDisk } from '../../src/inspection/status/replay.ts';
import { kubernetesOf } from '../../src/kubernetes/index.ts';
import type { Status } from '../../src/observability/status/status.ts';
import { publishers } from '../../src/publishers/kinds.ts';
import { LEAST } from '../config/configured.ts';
import type { TicketType } from '../support/kinds.ts';
import { type Story, tell } from '../support/story.ts';
import { temporaryFolder } from '../system/folder.ts';

const TYPES = ['access-token', 'wecom'] as const;

/** What a daemon leaves on a disk, bit by bit. */
export interface LeftBehind {
  /** What has happened to the daemon: an account of the name that {@link tell} gives. */
  readonly story: Story;
  readonly config: Config;
  readonly folder: string;
  /** Where the token is published. */
  readonly file: string;
  /** Writes the story's record, or another. */
  readonly store: (record?: AccountRecord) => Promise<void>;
  /** Publishes the story's token, or another. */
  readonly publish: (token?: Token) => Promise<void>;
  /** How the unit of the story stands. */
  readonly status: () => Promise<Status>;
}

/** @param kind of what the story tells */
export async function leftBehind(
  environment: Readonly<Record<string, string>> = {},
  kind: Kind = 'token',
): Promise<LeftBehind> {
  const folder = await temporaryFolder();
  const file = join(folder, 'volume', 'token');
  const type = TYPES.find((one) => one === environment['WXTOKEN_TYPE']) ?? 'stable-token';
  const story = tell(kind === 'token' ? type : (kind as TicketType));
  const config = await loadConfig(
    { ...LEAST, WXTOKEN_FILE: file, ...environment },
    { publishes: false, fetches: false },
  );
  const [credential] = config.credentials;
  if (!credential) throw new Error('no credential');
  const refuse = (message: string) => {
    throw new Error(message);
  };
  const state = stateFolder(config.stateDir, { mode: 0o700 }, story.clock, refuse);
  const { units } = await joinCredential(credential, {
    stores: storesOnDisk(config, state),
    clock: story.clock,
    createPublisher: publishers({ kubernetes: kubernetesOf({ clock: story.clock }), clock: story.clock }),
  });
  const unit = units.find((one) => one.kind === kind);
  if (!unit) throw new Error(`no ${kind}`);
  return {
    story,
    config,
    folder,
    file,
    async store(record = story.state().record) {
      const lease = await unit.store.lock('keep');
      if (!lease) throw new Error('the lock is held');
      await unit.store.write({ ...record, account: unit.account }, lease);
      await lease.release();
    },
    async publish(token = story.state().record.token) {
      if (!token) throw new Error('no token');
      for (const publisher of unit.publishers) await publisher.publish(token, async () => true);
    },
    async status() {
      const statuses = await statusOnDisk(config, story.clock);
      const [status, ...more] = statuses.filter((one) => one.kind === kind);
      if (!status || more.length > 0) throw new Error('not one status');
      return status;
    },
  };
}
