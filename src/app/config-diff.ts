import { isDeepStrictEqual } from 'node:util';
import { type CredentialConfig, isFetched, type NotifierConfig } from '../config/config.ts';
import type { Kind } from '../core/credential.ts';
import { createNotifier, notifierName } from '../notifiers/index.ts';
import { placesOf } from '../publishers/kinds.ts';

/** Something that a configuration had and the next one has not: a line for the log, and its fields. */
export interface Parting {
  readonly message: string;
  readonly fields: { readonly credential: string } & Readonly<Record<string, string | readonly string[]>>;
}

type KeptAt = (name: string, kind: Kind) => readonly string[];

/**
 * What ends with a change of the configuration, for whoever did not mean it so or has to tidy up: nobody deletes what
 * others may be reading. What another credential goes on publishing is not left behind.
 * @param keptAt where a cluster keeps a token or ticket of this name
 */
export function partings(
  before: readonly CredentialConfig[],
  after: readonly CredentialConfig[],
  keptAt: KeptAt = () => [],
): readonly Parting[] {
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
    if (next) return partsOf(credential, next, leftOf(credential));
    const left = leftOf(credential);
    return left.length > 0
      ? [{ message: 'no longer served; what was published stays', fields: { credential: name, left } }]
      : [{ message: 'no longer served; another one publishes its files', fields: { credential: name } }];
  });
}

function partsOf(before: CredentialConfig, after: CredentialConfig, left: readonly string[]): Parting[] {
  const credential = before.name;
  const tickets = without(before.tickets, after.tickets);
  const notifiers = untold(before.notify, after.notify);
  return [
    ...(left.length > 0
      ? [{ message: 'no longer published; what is there stays', fields: { credential, left } }]
      : []),
    ...(tickets.length > 0
      ? [{ message: 'tickets no longer fetched', fields: { credential, tickets } }]
      : []),
    ...(notifiers.length > 0
      ? [{ message: 'no longer told of changes', fields: { credential, notifiers } }]
      : []),
  ];
}

/** Tickets are kept beside their token; a mirror keeps nothing. */
function keptOf(credential: CredentialConfig, keptAt: KeptAt): readonly string[] {
  if (!isFetched(credential)) return [];
  return ['token', ...credential.tickets].flatMap((kind) => keptAt(credential.name, kind));
}

function targetsOf({ publish }: CredentialConfig): string[] {
  return publish.flatMap((target) => placesOf(target).map(({ words }) => words));
}

/**
 * Whom the one names and the other does not, one for one: first those that are the same in all, then those that are
 * called the same, for whoever is told in another way is still told.
 */
function untold(before: readonly NotifierConfig[], after: readonly NotifierConfig[]): string[] {
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
