import { closest } from './closest.ts';
import type { Problem } from './config-error.ts';

/**
 * What Kubernetes injects into every pod for a Service whose name begins with `wxtoken`. One that is called
 * `wxtoken-schedule` brings WXTOKEN_SCHEDULE_PORT: nothing tells that from a typing mistake.
 */
const INJECTED =
  /^WXTOKEN(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** A typing mistake must not be silent: every variable of ours that is none, with the one that was probably meant. */
export function unknownNames(given: readonly string[], known: readonly string[]): Problem[] {
  return given
    .filter((name) => !known.includes(name) && !INJECTED.test(name))
    .map((name) => {
      const meant = closest(name, known);
      return {
        where: name,
        what: `is not a variable of this program${meant ? `; did you mean ${meant}?` : ''}`,
      };
    });
}
