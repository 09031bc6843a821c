/** Where something stands in a configuration: keys and indexes, outermost first. */
export type KeyPath = readonly (string | number)[];

/** Longer keys are cut: some files are not what they were meant to be. */
const LONGEST = 64;

/** `credentials[1].publish[0].mode` */
export function pathText(path: KeyPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const name = step.length > LONGEST ? `${step.slice(0, LONGEST)}…` : step;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

/** Paths as something that can be looked up. */
export function pathKey(path: KeyPath): string {
  return path.join('\0');
}

/** Told of everything that is wrong. */
export type Complain = (path: KeyPath, what: string) => void;
