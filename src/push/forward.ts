import { request } from 'node:http';

/** Most bytes of an answer that are read: an app answers `success`. */
const LONGEST_ANSWER = 4096;

/**
 * Passes a push on to an app as it came: its query, its body, and the type of its content.
 * @param ms how long the app may take
 * @returns undefined if the app took it, else what went wrong
 */
export function forwardPush(
  to: URL,
  push: { readonly query: string; readonly body: Buffer; readonly contentType: string | undefined },
  ms: number,
): Promise<string | undefined> {
  const url = new URL(to);
  url.search = [url.search.slice(1), push.query].filter((part) => part !== '').join('&');
  return new Promise((resolve) => {
    const outgoing = request(url, {
      method: 'POST',
      // One connection per push: they come every few minutes, and one that was kept might be closed by then.
      agent: false,
      signal: AbortSignal.timeout(ms),
      headers: {
        'content-type': push.contentType ?? 'text/xml',
        'content-length': push.body.length,
      },
    });
    outgoing.once('response', (response) => {
      let size = 0;
      response.on('data', (bytes: Buffer) => {
        size += bytes.length;
        if (size > LONGEST_ANSWER) response.destroy();
      });
      response.once('error', () => resolve('its answer broke off'));
      response.once('close', () => resolve('its answer broke off'));
      response.once('end', () => {
        const { statusCode = 0 } = response;
        resolve(statusCode === 200 ? undefined : `it answered with status ${statusCode}`);
      });
    });
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      resolve(
        error.name === 'AbortError' || error.name === 'TimeoutError'
          ? 'it took too long'
          : `it cannot be reached (${error.code ?? error.name})`,
      );
    });
    outgoing.end(push.body);
  });
}
