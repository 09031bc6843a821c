import type { IncomingMessage } from 'node:http';

/** The body as text; undefined when it is longer than `limit` bytes, which are all that is ever kept of it. */
export async function readBody(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    // Read to its end all the same: leaving the loop would destroy the connection, and the answer with it.
    if (size <= limit) chunks.push(bytes);
  }
  return size > limit ? undefined : Buffer.concat(chunks).toString('utf8');
}

/** Neither Content-Length nor an end in sight: the platform's gateway answers such a POST with 412 (field reports). */
export function isChunkedPost({ method, headers }: IncomingMessage): boolean {
  return method === 'POST' && headers['transfer-encoding'] !== undefined;
}
