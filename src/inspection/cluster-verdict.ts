import type { Failure } from '../core/failure.ts';
import type { Explanation } from './explanation.ts';

/** Who asks by hand asks once, and not in the moment in which an API server starts. */
const NEEDS_A_PERSON = new Set([
  'kube-credentials',
  'kube-missing',
  'kube-forbidden',
  'kube-unauthorized',
  'kube-immutable',
  'kube-denied',
  'kube-too-large',
]);

/** What failures of a cluster that was asked for once come to; good where there are none. */
export function verdictOn(failures: readonly Failure[]): Explanation['verdict'] {
  if (failures.some((failure) => NEEDS_A_PERSON.has(failure.code))) return 'refused';
  return failures.length > 0 ? 'passing' : 'good';
}
