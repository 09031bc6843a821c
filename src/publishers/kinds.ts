import type { Subject } from '../codec/details.ts';
import type { Publisher } from '../core/ports.ts';
import { fileKind } from './file.ts';
import type { Place, PublisherEdges, TargetConfig, TargetKind } from './kind.ts';
import { secretKind } from './kubernetes-secret.ts';

/** Every kind of target. A new one is one file in this folder and one line here. */
export const targetKinds: readonly TargetKind[] = [fileKind, secretKind];

const byType: ReadonlyMap<string, TargetKind> = new Map(targetKinds.map((kind) => [kind.type, kind]));

/** @throws {TypeError} for a type that there is not: the schema of the configuration lets none pass */
export function targetKindOf({ type }: Pick<TargetConfig, 'type'>): TargetKind {
  const kind = byType.get(type);
  if (!kind) throw new TypeError(`there is no kind of target called ${type}`);
  return kind;
}

/** Everything that a target writes, what apps open first. */
export function placesOf(target: TargetConfig): readonly Place[] {
  return targetKindOf(target).places(target);
}

/** The file that apps open; undefined where a target is none. */
export function fileOf(target: TargetConfig): string | undefined {
  return placesOf(target).find(({ file }) => file && !file.isDetails)?.file?.path;
}

/** Targets by their kinds, in the order of the kinds. */
export function byKind(
  targets: readonly TargetConfig[],
): readonly (readonly [TargetKind, readonly TargetConfig[]])[] {
  return targetKinds
    .map((kind) => [kind, targets.filter(({ type }) => type === kind.type)] as const)
    .filter(([, own]) => own.length > 0);
}

export type CreatePublisher = (target: Omit<TargetConfig, 'of'>, subject: Subject) => Publisher;

/** What makes the publishers of one daemon. */
export function publishers(edges: PublisherEdges): CreatePublisher {
  const open = new Map(targetKinds.map((kind) => [kind.type, kind.open(edges)]));
  return (target, subject) => {
    const create = open.get(targetKindOf(target).type);
    if (!create) throw new TypeError(`nothing publishes to ${target.type}`);
    return create({ ...target, of: subject.kind }, subject);
  };
}
