import type { Text } from '../core/text.ts';

/** The position of a value in the configuration: keys and list indexes, outermost first. */
export type KeyPath = readonly (string | number)[];

/**
 * Longest key that messages show in full, in characters. Longer keys are cut: a file with such keys was probably not
 * meant to be a configuration.
 */
const LONGEST_KEY = 64;

/** Formats a path for messages, such as `credentials[1].publish[0].mode`. */
export function pathText(path: KeyPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const name = step.length > LONGEST_KEY ? `${step.slice(0, LONGEST_KEY)}…` : step;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

/** Converts a path to a string that identifies it in a `Map` or `Set`. */
export function pathKey(path: KeyPath): string {
  return path.join('\0');
}

/** Reports a mistake at a path of the configuration. */
export type Complain = (path: KeyPath, what: Text) => void;
