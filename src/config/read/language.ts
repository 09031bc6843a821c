import { LANGUAGES, type Language } from '../../core/text.ts';
import type { Given } from './environment.ts';
import type { ConfigFile } from './file.ts';

/** A line at the top of a file in YAML, or a key of one in JSON: `language: zh`, `{ "language": "zh"`. */
const IN_TEXT = /^[ \t{]*["']?language["']?[ \t]*:[ \t]*["']?(\w+)/m;

/**
 * Returns the language in which people are to be told what is wrong with a configuration, before anything in it has been
 * checked, or where it is broken: a variable comes before the file, as for every key.
 * @returns undefined where neither says one that is known
 */
export function languageSaid(
  given: Given,
  file: Pick<ConfigFile, 'document' | 'text'> | undefined,
): Language | undefined {
  const inFile = file?.document
    ? file.document['language']
    : // What follows a key of this name deeper in the file is a mistake as well, and there is nothing better to go by.
      IN_TEXT.exec(file?.text ?? '')?.[1];
  return known(given['WXTOKEN_LANGUAGE']) ?? known(inFile);
}

function known(said: unknown): Language | undefined {
  return LANGUAGES.find((language) => language === said);
}
