import type { CredentialConfig } from './config/config.ts';
import { createNotifier } from './notifiers/index.ts';

/** Something that a configuration had and the next one has not: a line for the log, and its fields. */
export interface Parting {
  readonly message: string;
  readonly fields: { readonly credential: string } & Readonly<Record<string, string | readonly string[]>>;
}

/**
 * What ends with a change of the configuration, for whoever did not mean it so or has to tidy up: nobody deletes a file
 * that others may be reading. A file that another credential goes on publishing is not left behind.
 */
export function partings(
  before: readonly CredentialConfig[],
  after: readonly CredentialConfig[],
): readonly Parting[] {
  const published = new Set(after.flatMap(filesOf));
  const left = (credential: CredentialConfig) => filesOf(credential).filter((file) => !published.has(file));
  const staying = new Map(after.map((credential) => [credential.name, credential]));
  return before.flatMap((credential) => {
    const { name } = credential;
    const next = staying.get(name);
    if (next) return partsOf(credential, next, left(credential));
    const fields = { credential: name, files: left(credential) };
    return [{ message: 'no longer served; what was published stays', fields }];
  });
}

function partsOf(before: CredentialConfig, after: CredentialConfig, files: readonly string[]): Parting[] {
  const credential = before.name;
  const tickets = without(before.tickets, after.tickets);
  const notifiers = without(notifiersOf(before), notifiersOf(after));
  return [
    ...(files.length > 0
      ? [{ message: 'no longer published; the file stays', fields: { credential, files } }]
      : []),
    ...(tickets.length > 0
      ? [{ message: 'tickets no longer fetched', fields: { credential, tickets } }]
      : []),
    ...(notifiers.length > 0
      ? [{ message: 'no longer told of changes', fields: { credential, notifiers } }]
      : []),
  ];
}

function filesOf({ publish }: CredentialConfig): string[] {
  return publish.flatMap(({ path, details }) => (details ? [path, `${path}.json`] : [path]));
}

/** By their names, which hold no secret: whoever is told in another way is still told. */
function notifiersOf({ notify }: CredentialConfig): string[] {
  return notify.map((config) => createNotifier(config).id);
}

function without<T>(these: readonly T[], those: readonly T[]): T[] {
  return these.filter((one) => !those.includes(one));
}
