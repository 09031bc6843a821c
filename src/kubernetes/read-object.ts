import { EdgeError, type Failure, PASSING } from '../core/failure.ts';
import { isResourceVersion, type ObjectName, objectLabel, type Resource, type Stored } from './resources.ts';

/**
 * Parses an object from JSON text.
 * @param object that was requested
 * @param effect of the request, for the error
 * @throws {EdgeError} `kube-odd-answer` when the text is no object, is another object, or has no version for a
 *   compare-and-set
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

/**
 * Checks a parsed object, as {@link readObject} does.
 * @throws {EdgeError} `kube-odd-answer`
 */
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

/**
 * Creates the error for an unusable response.
 * @param what is wrong with it, as a predicate
 */
export function oddObject(object: ObjectName, what: string, effect: Failure['effect'] = 'none'): EdgeError {
  return new EdgeError({
    class: 'passing',
    code: 'kube-odd-answer',
    message: `what came as the ${objectLabel(object)} ${what}`,
    advice: 'is that an API server? Look at its address, and at what stands in between',
    effect,
    backoff: PASSING,
  });
}
