import { EdgeError, type Failure, PASSING } from '../core/failure.ts';
import { inWords, isResourceVersion, type ObjectName, type Resource, type Stored } from './resources.ts';

/**
 * Reads an object out of a JSON text.
 * @param effect what the request that it answers has done
 * @throws {EdgeError} `kube-odd-answer` where it is none, or another one, or has no version to write on
 */
export function readObject<R extends Resource>(
  object: ObjectName<R>,
  text: string,
  effect: Failure['effect'],
): Stored<R> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw oddObject(object, 'is not JSON', effect);
  }
  return asObject(object, value, effect);
}

export function asObject<R extends Resource>(
  object: ObjectName<R>,
  value: unknown,
  effect: Failure['effect'] = 'none',
): Stored<R> {
  if (!isStored<R>(value)) throw oddObject(object, 'has no version that can be relied on', effect);
  if (value.metadata.name !== object.name) throw oddObject(object, 'is another object', effect);
  return value;
}

function isStored<R extends Resource>(value: unknown): value is Stored<R> {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return false;
  const { metadata } = value;
  if (typeof metadata !== 'object' || metadata === null) return false;
  return 'resourceVersion' in metadata && isResourceVersion(metadata.resourceVersion);
}

export function oddObject(object: ObjectName, what: string, effect: Failure['effect'] = 'none'): EdgeError {
  return new EdgeError({
    class: 'passing',
    code: 'kube-odd-answer',
    message: `what came as the ${inWords(object)} ${what}`,
    advice: 'is that an API server? Look at its address, and at what stands in between',
    effect,
    backoff: PASSING,
  });
}
