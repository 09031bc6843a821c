import { isDeepStrictEqual } from 'node:util';
import type { CredentialConfig } from './config/config.ts';
import { ConfigError } from './config/config-error.ts';
import type { Unit } from './core/ports.ts';
import { prepareTargets } from './preparation.ts';
import { type JoinedCredential, joinCredential, type SharedEdges } from './unit.ts';

/** A credential at work, as it was configured. */
export interface Served extends JoinedCredential {
  readonly credential: CredentialConfig;
}

export function unitsOf(served: ReadonlyMap<string, Served>): Unit[] {
  return [...served.values()].flatMap((one) => one.units);
}

/**
 * Joins the credentials of a configuration, by their names, and makes ready what is new among them; one that has not
 * changed is the same one as before.
 * @throws {ConfigError} when a target cannot work as configured
 */
export async function joinCredentials(
  credentials: readonly CredentialConfig[],
  before: ReadonlyMap<string, Served>,
  edges: SharedEdges,
): Promise<ReadonlyMap<string, Served>> {
  const joined = new Map<string, Served>();
  for (const credential of credentials) {
    const known = before.get(credential.name);
    const one = { credential, ...(await joinCredential(credential, edges)) };
    joined.set(credential.name, known && isUnchanged(known, one) ? known : one);
  }
  const news = [...joined.values()].filter((one) => before.get(one.credential.name) !== one);
  const problems = await prepareTargets(news.flatMap((one) => one.units));
  if (problems.length > 0) throw new ConfigError(problems);
  return joined;
}

function isUnchanged(known: Served, found: Served): boolean {
  const accounts = ({ units }: Served) => units.map(({ account }) => account);
  return (
    isDeepStrictEqual(known.credential, found.credential) &&
    isDeepStrictEqual(accounts(known), accounts(found))
  );
}
