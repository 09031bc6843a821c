import { omit } from '../../core/without.ts';
import type { Fields, Logger } from './logger.ts';

/**
 * Adds the field `title` to each line about a credential that has one, for people. The field `credential` stays its
 * name, by which lines are found.
 * @param titleOf returns the title of the credential of this name
 */
export function titledLogger(logger: Logger, titleOf: (name: string) => string | undefined): Logger {
  const titled =
    (level: keyof Logger) =>
    (message: string, fields: Fields = {}) => {
      const { credential } = fields;
      const title = typeof credential === 'string' ? titleOf(credential) : undefined;
      logger[level](
        message,
        title === undefined ? fields : { credential, title, ...omit(fields, 'credential') },
      );
    };
  return {
    error: titled('error'),
    warn: titled('warn'),
    info: titled('info'),
    debug: titled('debug'),
  };
}
