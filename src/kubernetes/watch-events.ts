import { EdgeError } from '../core/failure.ts';
import type { Text } from '../core/text.ts';
import type { Refusal } from './api-errors.ts';
import type { Connection } from './connection-types.ts';
import { LARGEST_ANSWER } from './http.ts';
import { networkError } from './network-errors.ts';
import { asObject, oddObject } from './read-object.ts';
import type { ObjectName, Resource, Stored } from './resources.ts';

/** `BOOKMARK` only shows that the server is alive. `DELETED` carries the last state of the object. */
export type WatchEvent<R extends Resource = Resource> =
  | { readonly type: 'BOOKMARK' }
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: Stored<R> };

type Body = AsyncIterable<Uint8Array>;

/**
 * Parses the events of a watch until the server ends it cleanly.
 * @param refused converts an ERROR event into an error
 * @throws {EdgeError} when the watch ends otherwise: cut, silent, or with an ERROR event, which arrives within a
 *   200 response
 */
export async function* readEvents<R extends Resource>(
  object: ObjectName<R>,
  body: Body,
  connection: Connection,
  refused: (refusal: Omit<Refusal, 'lasting'>) => EdgeError,
): AsyncGenerator<WatchEvent<R>> {
  for await (const line of linesOf(object, body, connection)) {
    const { type, object: said } = parse(object, line);
    if (type === 'BOOKMARK') yield { type };
    else if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') {
      yield { type, object: asObject(object, said) };
    } else if (type === 'ERROR') {
      const { code } = said as { readonly code?: unknown };
      const status = typeof code === 'number' ? code : 500;
      throw refused({ verb: 'watch', object, status, text: JSON.stringify(said) });
    } else throw oddObject(object, NO_EVENT);
  }
}

const NO_EVENT: Text = { en: 'is no event of a watch', zh: '不是 watch 的事件' };

async function* linesOf(object: ObjectName, body: Body, connection: Connection): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of body) {
      const [first = '', ...lines] = decoder.decode(chunk, { stream: true }).split('\n');
      rest += first;
      if (rest.length > LARGEST_ANSWER) throw oddObject(object, { en: 'has no end', zh: '没有尽头' });
      for (const line of lines) {
        if (rest !== '') yield rest;
        rest = line;
      }
    }
  } catch (error) {
    throw error instanceof EdgeError ? error : networkError(connection, error, 'none');
  }
}

function parse(object: ObjectName, line: string): { readonly type?: unknown; readonly object?: unknown } {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event === 'object' && event !== null) return event;
  } catch {
    // Reported below.
  }
  throw oddObject(object, NO_EVENT);
}
