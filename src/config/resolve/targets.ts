import type { Kind } from '../../core/credential.ts';
import type { TargetConfig, TargetOwner } from '../../publishers/kind.ts';
import { targetKindOf } from '../../publishers/kinds.ts';
import type { RedisConfig } from '../../redis/connection-types.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import { inWords } from '../../schema/values.ts';
import { readFile } from '../../system/fs/files.ts';
import type { CredentialSettings } from '../schema/credential.ts';
import { type Context, isMissing } from './context.ts';

/** A checked target and its path in the configuration. */
export interface PlacedTarget {
  readonly target: TargetConfig;
  readonly at: KeyPath;
}

/** The connections that targets may name. */
export interface Connections {
  readonly redis: readonly RedisConfig[];
  /** The names of all entries of `redis`, also of those that cannot be used, which have been reported. */
  readonly declared: readonly string[];
}

/** What targets may refer to. */
export interface TargetSurroundings extends Connections {
  /** Whose they are; absent for a mirror. */
  readonly owner?: TargetOwner;
}

/** What the checks of targets need. */
export type TargetContext = Pick<Context, 'complain' | 'isWrong' | 'groupId'>;

/**
 * Checks the targets of a credential and reports their problems.
 * @param at path of the credential in the configuration
 * @returns the targets that can be used
 */
export async function resolveTargets(
  { name: called = '', publish, tickets }: Pick<CredentialSettings, 'name' | 'publish' | 'tickets'>,
  at: KeyPath,
  surroundings: TargetSurroundings,
  context: TargetContext,
): Promise<PlacedTarget[]> {
  const list = [...at, 'publish'];
  if (isMissing(context, list, publish, 'where it is published') || !publish) return [];
  if (publish.length === 0) context.complain(list, 'is empty: the credential would be published nowhere');
  const siblings = publish.filter((target) => target !== undefined);
  const placed: PlacedTarget[] = [];
  for (const [index, target] of publish.entries()) {
    const here = [...list, index];
    if (target === undefined) continue;
    if (!context.isWrong([...at, 'tickets']) && isUnknown(target.of, tickets)) {
      context.complain([...here, 'of'], `${target.of} is not among the tickets of this credential`);
    }
    const resolved = await targetKindOf(target).resolve(target, {
      at: here,
      siblings,
      complain: context.complain,
      isWrong: context.isWrong,
      isMissing: (path, value, what) => isMissing(context, path, value, what),
      connectionOf: (name, path) => connectionOf(name, surroundings, path, context),
      name: called,
      ...(surroundings.owner && { owner: surroundings.owner }),
      groupOf: (group, path) => resolveGroup(group, path, context),
    });
    if (resolved) placed.push({ target: resolved, at: here });
  }
  return placed;
}

/** Finds a connection by its name, and reports an unknown one; one that is wrong itself has been reported. */
function connectionOf(
  name: string | undefined,
  { redis, declared }: TargetSurroundings,
  at: KeyPath,
  context: TargetContext,
): RedisConfig | undefined {
  const found = redis.find((one) => one.name === name);
  if (found || name === undefined || declared.includes(name)) return found;
  const known = declared.length === 0 ? 'redis has no entry' : `redis has ${inWords([...new Set(declared)])}`;
  context.complain(at, `names no connection: ${known}`);
  return undefined;
}

function isUnknown(of: string, tickets: readonly (Kind | undefined)[]): boolean {
  // An invalid ticket (undefined) may be the one that the target means.
  return of !== 'token' && tickets.every((ticket) => ticket !== undefined && ticket !== of);
}

/** Largest group id. The next number is -1, which tells the kernel to leave the group unchanged. */
const LARGEST_GID = 2 ** 32 - 2;

/**
 * Looks up a group by name or number.
 * @returns the numeric id; undefined if there is no such group or this system does not know the name
 */
export async function groupId(group: string): Promise<number | undefined> {
  if (/^\d+$/.test(group)) return Number(group) <= LARGEST_GID ? Number(group) : undefined;
  const table = await readFile('/etc/group', 'utf8').catch(() => '');
  const entries = table.split('\n').map((line) => line.split(':'));
  const [, , gid = ''] = entries.find(([name]) => name === group) ?? [];
  return /^\d+$/.test(gid) ? Number(gid) : undefined;
}

/**
 * Looks up a configured group, and reports one that this system does not know.
 * @returns the numeric id; undefined if no group is configured or the group is unknown
 */
export async function resolveGroup(
  group: string | undefined,
  at: KeyPath,
  context: TargetContext,
): Promise<number | undefined> {
  if (group === undefined) return undefined;
  const gid = await context.groupId(group);
  if (gid === undefined) {
    context.complain(at, `this system knows no group called ${JSON.stringify(group)}: use its number`);
  }
  return gid;
}
