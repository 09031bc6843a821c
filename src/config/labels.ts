import { type KeyPath, pathKey, pathText } from './key-path.ts';
import { ACCOUNT, ACCOUNT_VARIABLES, GENERAL_VARIABLES } from './read/environment.ts';
import type { ConfigFile } from './read/file.ts';

/** Who said what, for those who have to change it. */
export interface Labels {
  /** What a problem is said of, and where it stands among the others. */
  of(path: KeyPath): { readonly where: string; readonly offset: number };
  /** The variable, or the whole path of the key. */
  name(path: KeyPath): string;
  /** The variable, or the key alone, for something beside it. */
  brief(path: KeyPath): string;
  /** How one would say it. */
  setting(path: KeyPath, value: string): string;
}

export interface LabelOptions {
  /** A file that says what no variable says. */
  readonly file: ConfigFile | undefined;
  /** The variables that are given. */
  readonly given: readonly string[];
  /** Whether variables describe the account. */
  readonly isAccountGiven: boolean;
}

export function createLabels({ file, given, isAccountGiven }: LabelOptions): Labels {
  const said = Object.entries({
    ...(isAccountGiven && ACCOUNT_VARIABLES),
    ...GENERAL_VARIABLES,
  }).filter(([name]) => !file || Object.hasOwn(ACCOUNT_VARIABLES, name) || given.includes(name));
  const variables = new Map(said.map(([name, { path }]) => [pathKey(path), name]));

  /** That of the path, or of what it lies in. */
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

/** One variable stands for what a file says in several keys: all targets, and both kinds of id. */
function inEnvironment(path: KeyPath): KeyPath {
  const [list, index, part, , ...rest] = path;
  if (list !== ACCOUNT[0] || index !== ACCOUNT[1]) return path;
  if (part === 'corpId') return [...ACCOUNT, 'appId'];
  return part === 'publish' ? [...ACCOUNT, part, 0, ...(rest.length > 0 ? rest : ['path'])] : path;
}
