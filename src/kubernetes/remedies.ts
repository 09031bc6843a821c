import type { Backoff } from '../core/backoff.ts';
import { type Failure, PASSING } from '../core/failure.ts';
import { MINUTE } from '../core/time.ts';
import { inWords, type ObjectName } from './resources.ts';
import type { ApiStatus } from './status.ts';

/** What is to be told of an answer; what it does not say is that of a passing fault. */
export type Told = Pick<Failure, 'code' | 'message'> & Partial<Pick<Failure, 'class' | 'advice' | 'backoff'>>;

/** For what a person has to change. */
export const SLOW: Backoff = { ...PASSING, cap: 5 * MINUTE };

export function missing(object: ObjectName): Told {
  const { resource, namespace, name } = object;
  const how =
    resource === 'secrets'
      ? `kubectl -n ${namespace} create secret generic ${name}`
      : 'apply the manifest of the Lease, without spec';
  return {
    code: 'kube-missing',
    message: `there is no ${inWords(object)}, or no namespace ${namespace}`,
    advice: `create it, empty (${how}): the daemon may not, since no Role can limit that to one name`,
  };
}

export function denied(what: string, { policy }: ApiStatus): Told {
  return {
    class: 'refused',
    code: 'kube-denied',
    message: `a policy of the cluster denies the change of the ${what}: ${policy}`,
    advice: 'ask those who keep that policy to let the daemon change this object',
    backoff: SLOW,
  };
}

export function immutable(what: string): Told {
  return {
    class: 'refused',
    code: 'kube-immutable',
    message: `the ${what} is immutable`,
    advice: 'immutable cannot be taken back: delete the object and create it again without it',
    backoff: SLOW,
  };
}

export function tooLarge(what: string): Told {
  return {
    class: 'refused',
    code: 'kube-too-large',
    message: `the ${what} would be larger than the 1 MiB that a Secret can hold`,
    advice: 'publish some of the credentials to another Secret, and remove keys that nobody needs',
    backoff: SLOW,
  };
}
