import * as v from 'valibot';
import { verbatim } from '../../core/text.ts';
import { pathKey, pathText } from '../../schema/key-path.ts';
import type { Report } from '../report.ts';
import { Document, type Settings } from '../schema/index.ts';
import { type Cleaned, clean } from './clean.ts';
import {
  accountSettings,
  type Given,
  generalSettings,
  isAccountVariable,
  unknownNames,
  VARIABLES,
} from './environment.ts';
import type { ConfigFile } from './file.ts';
import { type Mapping, merge } from './mapping.ts';

export interface Sources {
  readonly file: ConfigFile | undefined;
  readonly given: Given;
  /** Whether environment variables describe the only account. */
  readonly isAccountGiven: boolean;
}

/** The settings of all sources in one document, and the places of what was invalid and removed. */
export interface FoundSettings {
  /** Undefined when the file cannot be read at all. */
  readonly settings?: Settings;
  readonly wrong: ReadonlySet<string>;
}

/**
 * Merges the settings of the file and of the environment. Each source is validated by itself first.
 * @param report receives everything that is wrong
 */
export function readSettings({ file, given, isAccountGiven }: Sources, report: Report): FoundSettings {
  const { complain } = report;
  const inFile = file && settingsOf(file, report);
  const isReadable = !file || inFile !== undefined;
  const parts: Cleaned[] = [
    ...(inFile ? [inFile] : []),
    generalSettings(given, complain),
    ...(isAccountGiven && isReadable ? [accountSettings(given, complain)] : []),
  ];
  refuseVariables({ file, given, isAccountGiven }, secretVariables(inFile?.value), report);
  const wrong = new Set(parts.flatMap((part) => [...part.wrong]));
  if (!isReadable) return { wrong };
  const whole = parts.map(({ value }) => value).reduce<Mapping>(merge, {});
  return { settings: v.parse(Document, whole), wrong };
}

function settingsOf({ name, yaml, document }: ConfigFile, report: Report): Cleaned | undefined {
  for (const { path, what, line, offset } of yaml?.problems ?? []) {
    report.add(verbatim(`${name}:${line} ${pathText(path)}`.trimEnd()), what, offset);
  }
  if (!document) return undefined;
  const { value, wrong } = clean(document, report.complain);
  return { value, wrong: new Set([...wrong, ...(yaml?.problems ?? []).map(({ path }) => pathKey(path))]) };
}

function refuseVariables(
  { file, given, isAccountGiven }: Sources,
  secrets: ReadonlySet<string>,
  report: Report,
): void {
  const names = Object.keys(given).filter((name) => !secrets.has(name));
  for (const { where, what } of unknownNames(names, VARIABLES)) report.add(where, what);
  if (!file?.document || isAccountGiven) return;
  for (const name of names.filter(isAccountVariable)) {
    report.add(verbatim(name), {
      en: `cannot stand beside the credentials of ${file.name}: say it there, for the account that is meant`,
      zh: `不能与 ${file.name} 里的 credentials 并用：写到那里，写给相应的账号`,
    });
  }
}

/** Variables that the file names in `secretEnv`. Their names may be anything, so they never count as unknown. */
function secretVariables(document: Mapping | undefined): ReadonlySet<string> {
  const credentials = document?.['credentials'];
  const names = Array.isArray(credentials) ? credentials.map((credential) => credential?.secretEnv) : [];
  return new Set(names.filter((name) => typeof name === 'string'));
}
