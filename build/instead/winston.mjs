// winston without the transports that write files, speak HTTP or print to a console, and logform without colours.
import combine from 'logform/combine.js';
import format from 'logform/format.js';
import printf from 'logform/printf.js';
import timestamp from 'logform/timestamp.js';
import createLogger from 'winston/lib/winston/create-logger.js';
import Stream from 'winston/lib/winston/transports/stream.js';

export const transports = { Stream };

export { createLogger, formats as format };

const formats = Object.assign(format, { combine, printf, timestamp });
