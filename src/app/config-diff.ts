import { isDeepStrictEqual } from 'node:util';
import { type CredentialConfig, isFetched, type NotifierConfig } from '../config/config.ts';
import type { Kind } from '../core/credential.ts';
import { createNotifier, notifierName } from '../notifiers/index.ts';
import { placesOf } from '../publishers/kinds.ts';

/** The log line, with its fields, for something that a configuration had and the next one lacks. */
export interface Removal {
  readonly message: string;
  readonly fields: { readonly credential: string } & Readonly<Record<string, string | readonly string[]>>;
}

type KeptAt = (name: string, kind: Kind) => readonly string[];

/**
 * Finds what a change of the configuration removes, for operators who did not intend it or have to clean up: the
 * daemon deletes no files that apps may be reading. A place to which another credential publishes does not count as
 * left behind.
 * @param keptAt the places at which a cluster keeps a token or ticket of this name
 */
export function findRemoved(
  before: readonly CredentialConfig[],
  after: readonly CredentialConfig[],
  keptAt: KeptAt = () => [],
): readonly Removal[] {
  const placesOf = (credential: CredentialConfig) => [
    ...targetsOf(credential),
    ...keptOf(credential, keptAt),
  ];
  const published = new Set(after.flatMap(placesOf));
  const leftOf = (credential: CredentialConfig) =>
    placesOf(credential).filter((place) => !published.has(place));
  const staying = new Map(after.map((credential) => [credential.name, credential]));
  return before.flatMap((credential) => {
    const { name } = credential;
    const next = staying.get(name);
    if (next) return removalsOf(credential, next, leftOf(credential));
    // The list tells of its accounts by itself.
    if (isFetched(credential) && credential.listedBy !== undefined) return [];
    const left = leftOf(credential);
    return left.length > 0
      ? [{ message: 'no longer served; what was published stays', fields: { credential: name, left } }]
      : [
          {
            message: 'no longer served; another credential publishes its files',
            fields: { credential: name },
          },
        ];
  });
}

function removalsOf(before: CredentialConfig, after: CredentialConfig, left: readonly string[]): Removal[] {
  const credential = before.name;
  const tickets = without(before.tickets, after.tickets);
  const notifiers = removedNotifiers(before.notify, after.notify);
  return [
    ...(left.length > 0
      ? [{ message: 'no longer published; what is there stays', fields: { credential, left } }]
      : []),
    ...(tickets.length > 0
      ? [{ message: 'tickets no longer fetched', fields: { credential, tickets } }]
      : []),
    ...(notifiers.length > 0 ? [{ message: 'notifiers removed', fields: { credential, notifiers } }] : []),
  ];
}

/** The places at which the cluster keeps the token and the tickets; a mirror keeps none. */
function keptOf(credential: CredentialConfig, keptAt: KeptAt): readonly string[] {
  if (!isFetched(credential)) return [];
  return ['token', ...credential.tickets].flatMap((kind) => keptAt(credential.name, kind));
}

function targetsOf({ publish }: CredentialConfig): string[] {
  return publish.flatMap((target) => placesOf(target).map(({ words }) => words.en));
}

/**
 * Names of the notifiers in `before` that have no counterpart in `after`. Each notifier is paired at most once: first
 * with an equal one, then with one of the same id, since a notifier that is called in another way is still called.
 */
function removedNotifiers(before: readonly NotifierConfig[], after: readonly NotifierConfig[]): string[] {
  const named = before.map((config, index) => ({ config, name: notifierName(config, index) }));
  const others = [...after];
  const idOf = (config: NotifierConfig) => createNotifier(config).id;
  const lacks = (is: (other: NotifierConfig, config: NotifierConfig) => boolean) => {
    return ({ config }: { readonly config: NotifierConfig }) => {
      const at = others.findIndex((other) => is(other, config));
      if (at >= 0) others.splice(at, 1);
      return at < 0;
    };
  };
  return named
    .filter(lacks(isDeepStrictEqual))
    .filter(lacks((other, config) => idOf(other) === idOf(config)))
    .map(({ name }) => name);
}

function without<T>(these: readonly T[], those: readonly T[]): T[] {
  return these.filter((one) => !those.includes(one));
}
