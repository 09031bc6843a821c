import { type KeyPath, pathKey, pathText } from '../schema/key-path.ts';
import { ACCOUNT, ACCOUNT_VARIABLES, GENERAL_VARIABLES } from './read/environment.ts';
import type { ConfigFile } from './read/file.ts';

/** Names the places of the configuration in messages: environment variables, or keys with file and line. */
export interface Labels {
  /**
   * Returns the label of a path for problem reports, and its offset in the file, by which problems are sorted. The
   * offset is -1 for a variable and for a path that has no place in a file.
   */
  of(path: KeyPath): { readonly where: string; readonly offset: number };
  /** Returns the name of the variable, or the whole path of the key. */
  name(path: KeyPath): string;
  /** Returns the name of the variable, or the last key of the path alone, for messages about a key beside it. */
  brief(path: KeyPath): string;
  /** Returns the setting as an operator would write it: `NAME=value`, or `key: value` in a file. */
  setting(path: KeyPath, value: string): string;
}

/** Where the values of a configuration come from. */
export interface LabelOptions {
  /** The configuration file, which supplies the values that no variable sets. */
  readonly file: ConfigFile | undefined;
  /** Names of the variables that are set. */
  readonly given: readonly string[];
  /** Whether the account is configured by variables instead of an entry in the file. */
  readonly isAccountGiven: boolean;
}

/** Creates the labels for a configuration that is read from `file`, from variables, or from both. */
export function createLabels({ file, given, isAccountGiven }: LabelOptions): Labels {
  const said = Object.entries({
    ...(isAccountGiven && ACCOUNT_VARIABLES),
    ...GENERAL_VARIABLES,
  }).filter(([name]) => !file || Object.hasOwn(ACCOUNT_VARIABLES, name) || given.includes(name));
  const variables = new Map(said.map(([name, { path }]) => [pathKey(path), name]));

  /** Finds the variable that sets the value at `path`, or the nearest value that contains it. */
  function variableAt(path: KeyPath): string | undefined {
    const asked = isAccountGiven ? inEnvironment(path) : path;
    for (let length = asked.length; length > 0; length -= 1) {
      const name = variables.get(pathKey(asked.slice(0, length)));
      if (name !== undefined) return name;
    }
    return undefined;
  }

  return {
    of(path) {
      const variable = variableAt(path);
      if (variable !== undefined || !file?.yaml) return { where: variable ?? pathText(path), offset: -1 };
      const { line, offset } = file.yaml.placeOf(path);
      return { where: `${file.name}:${line} ${pathText(path)}`.trimEnd(), offset };
    },
    name: (path) => variableAt(path) ?? pathText(path),
    brief: (path) => variableAt(path) ?? pathText(path.slice(-1)),
    setting(path, value) {
      const variable = variableAt(path);
      return variable === undefined ? `${pathText(path.slice(-1))}: ${value}` : `${variable}=${value}`;
    },
  };
}

/**
 * Maps a path to the path that a variable stands for: in the environment, one variable sets what several keys set in
 * a file (all targets, and both kinds of id).
 */
function inEnvironment(path: KeyPath): KeyPath {
  const [list, index, part, , ...rest] = path;
  if (list !== ACCOUNT[0] || index !== ACCOUNT[1]) return path;
  if (part === 'corpId') return [...ACCOUNT, 'appId'];
  return part === 'publish' ? [...ACCOUNT, part, 0, ...(rest.length > 0 ? rest : ['path'])] : path;
}
