import type { Subject } from '../codec/details.ts';
import type { Publisher } from '../core/ports.ts';
import { fileKind } from './file.ts';
import type { Place, PublisherEdges, TargetConfig, TargetKind } from './kind.ts';
import { secretKind } from './kubernetes-secret.ts';
import { redisKind } from './redis.ts';

/** Every kind of target. To add one, write one file in this folder and add one line here. */
export const targetKinds: readonly TargetKind[] = [fileKind, secretKind, redisKind];

const byType: ReadonlyMap<string, TargetKind> = new Map(targetKinds.map((kind) => [kind.type, kind]));

/**
 * Returns the kind of a target.
 * @throws {TypeError} for an unknown type, which the schema of the configuration rejects
 */
export function targetKindOf({ type }: Pick<TargetConfig, 'type'>): TargetKind {
  const kind = byType.get(type);
  if (!kind) throw new TypeError(`there is no kind of target called ${type}`);
  return kind;
}

/** Returns every place that a target writes to, starting with the one that apps open. */
export function placesOf(target: TargetConfig): readonly Place[] {
  return targetKindOf(target).places(target);
}

/** Returns the path of the file that apps open; undefined if the target is not a file. */
export function fileOf(target: TargetConfig): string | undefined {
  return placesOf(target).find(({ file }) => file && !file.isDetails)?.file?.path;
}

/** Groups targets by kind, in the order of {@link targetKinds}; kinds without a target are left out. */
export function byKind(
  targets: readonly TargetConfig[],
): readonly (readonly [TargetKind, readonly TargetConfig[]])[] {
  return targetKinds
    .map((kind) => [kind, targets.filter(({ type }) => type === kind.type)] as const)
    .filter(([, own]) => own.length > 0);
}

/** Creates the publisher of a target for one token or ticket. */
export type CreatePublisher = (target: TargetConfig, subject: Subject) => Publisher;

/**
 * Creates the function that makes all publishers of one daemon.
 * @throws {TypeError} when the function gets a target of an unknown type
 */
export function publishers(edges: PublisherEdges): CreatePublisher {
  const open = new Map(targetKinds.map((kind) => [kind.type, kind.open(edges)]));
  return (target, subject) => {
    const create = open.get(targetKindOf(target).type);
    if (!create) throw new TypeError(`nothing publishes to ${target.type}`);
    return create(target, subject);
  };
}
