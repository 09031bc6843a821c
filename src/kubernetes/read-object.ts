import { EdgeError, type Failure, PASSING } from '../core/failure.ts';
import { en, type Text, zh } from '../core/text.ts';
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
    throw oddObject(object, { en: 'is not JSON', zh: '不是 JSON' }, effect);
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
  if (!isStored<R>(value))
    throw oddObject(object, { en: 'has no version that can be relied on', zh: '没有可以依据的版本' }, effect);
  if (value.metadata.name !== object.name)
    throw oddObject(object, { en: 'is another object', zh: '是另一个对象' }, effect);
  return value;
}

function isStored<R extends Resource>(value: unknown): value is Stored<R> {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return false;
  const { metadata } = value;
  if (typeof metadata !== 'object' || metadata === null) return false;
  return 'resourceVersion' in metadata && isResourceVersion(metadata.resourceVersion);
}

/** Advice for an answer that no API server would give. */
export const IS_IT_ONE: Text = {
  en: 'is that an API server? Look at its address, and at what stands in between',
  zh: '那是 API server 吗？检查它的地址和中间环节',
};

/**
 * Creates the error for an unusable response.
 * @param what is wrong with it, as a predicate
 */
export function oddObject(object: ObjectName, what: Text, effect: Failure['effect'] = 'none'): EdgeError {
  return new EdgeError({
    class: 'passing',
    code: 'kube-odd-answer',
    message: {
      en: en`what came as the ${objectLabel(object)} ${what}`,
      zh: zh`收到的 ${objectLabel(object)} ${what}`,
    },
    advice: IS_IT_ONE,
    effect,
    backoff: PASSING,
  });
}
