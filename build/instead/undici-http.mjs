// What undici asks of node:http, which itself would be another HTTP client and server in memory.
/** Never met: no stream of node:http is handed to undici. */
export class IncomingMessage {}

/** Node's default. */
export const maxHeaderSize = 16 * 1024;
