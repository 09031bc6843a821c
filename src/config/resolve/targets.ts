import type { Kind } from '../../core/credential.ts';
import { en, oneOf, type Text, zh } from '../../core/text.ts';
import type { TargetConfig, TargetOwner } from '../../publishers/kind.ts';
import { targetKindOf } from '../../publishers/kinds.ts';
import type { RedisConfig } from '../../redis/connection-types.ts';
import type { KeyPath } from '../../schema/key-path.ts';
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
  /** Whether {@link declared} has all names: what cannot be read of an entry may be the name that a target says. */
  readonly isListed: boolean;
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
  const where: Text = { en: 'where it is published', zh: '发布到哪里' };
  if (isMissing(context, list, publish, where) || !publish) return [];
  if (publish.length === 0) {
    context.complain(list, {
      en: 'is empty: the credential would be published nowhere',
      zh: '是空的：凭据不会发布到任何地方',
    });
  }
  const siblings = publish.filter((target) => target !== undefined);
  const placed: PlacedTarget[] = [];
  for (const [index, target] of publish.entries()) {
    const here = [...list, index];
    if (target === undefined) continue;
    if (!context.isWrong([...at, 'tickets']) && isUnknown(target.of, tickets)) {
      context.complain([...here, 'of'], {
        en: `${target.of} is not among the tickets of this credential`,
        zh: `${target.of} 不在这份凭据的 tickets 里`,
      });
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
  { redis, declared, isListed }: TargetSurroundings,
  at: KeyPath,
  context: TargetContext,
): RedisConfig | undefined {
  const found = redis.find((one) => one.name === name);
  if (found || name === undefined || declared.includes(name) || !isListed) return found;
  const names = oneOf([...new Set(declared)]);
  const known: Text =
    declared.length === 0
      ? { en: 'redis has no entry', zh: 'redis 里没有任何一项' }
      : { en: en`redis has ${names}`, zh: zh`redis 里有 ${names}` };
  context.complain(at, { en: en`names no connection: ${known}`, zh: zh`没有这个连接：${known}` });
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
    const name = JSON.stringify(group);
    context.complain(at, {
      en: `this system knows no group called ${name}: use its number`,
      zh: `本系统没有名为 ${name} 的组：改用数字`,
    });
  }
  return gid;
}
