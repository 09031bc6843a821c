import type { CredentialConfig } from './config/config.ts';
import { createNotifier } from './notifiers/index.ts';

/** Something that a configuration had and the next one has not: a line for the log, and its fields. */
export interface Parting {
  readonly message: string;
  readonly fields: { readonly credential: string } & Readonly<Record<string, string | readonly string[]>>;
}

/**
 * What ends with a change of the configuration, for whoever did not mean it so or has to tidy up: nobody deletes what
 * others may be reading. What another credential goes on publishing is not left behind.
 */
export function partings(
  before: readonly CredentialConfig[],
  after: readonly CredentialConfig[],
): readonly Parting[] {
  const published = new Set(after.flatMap(placesOf));
  const leftOf = (credential: CredentialConfig) =>
    placesOf(credential).filter((place) => !published.has(place));
  const staying = new Map(after.map((credential) => [credential.name, credential]));
  return before.flatMap((credential) => {
    const { name } = credential;
    const next = staying.get(name);
    if (next) return partsOf(credential, next, leftOf(credential));
    const fields = { credential: name, left: leftOf(credential) };
    return [{ message: 'no longer served; what was published stays', fields }];
  });
}

function partsOf(before: CredentialConfig, after: CredentialConfig, left: readonly string[]): Parting[] {
  const credential = before.name;
  const tickets = without(before.tickets, after.tickets);
  const notifiers = without(notifiersOf(before), notifiersOf(after));
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

function placesOf({ publish }: CredentialConfig): string[] {
  return publish.flatMap((target) => {
    if (target.type === 'file') return target.details ? [target.path, `${target.path}.json`] : [target.path];
    const { namespace, name, key } = target;
    return [key, `${key}.json`].map((one) => `${one} in Secret ${namespace}/${name}`);
  });
}

/** By their names, which hold no secret: whoever is told in another way is still told. */
function notifiersOf({ notify }: CredentialConfig): string[] {
  return notify.map((config) => createNotifier(config).id);
}

function without<T>(these: readonly T[], those: readonly T[]): T[] {
  return these.filter((one) => !those.includes(one));
}
