// winston without the transports that write files, speak HTTP or print to a console, and logform without colours.
import combine from 'logform/combine.js';
import make from 'logform/format.js';
import printf from 'logform/printf.js';
import timestamp from 'logform/timestamp.js';
import createLogger from 'winston/lib/winston/create-logger.js';
import Stream from 'winston/lib/winston/transports/stream.js';

export const transports = { Stream };

export const format = Object.assign((transform) => make(transform), { combine, printf, timestamp });

export { createLogger };
