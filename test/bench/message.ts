import { once } from 'node:events';
import type { NodeProcess } from './node.ts';

/** Says something to a process and waits for its answer: one at a time. */
export async function messageOf(
  { child, failed, ended }: NodeProcess,
  message: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const answered = once(child, 'message');
  child.send(message);
  const over = ended.then((): never => {
    throw new Error('it ended before it answered');
  });
  const [answer] = await Promise.race([answered, failed, over]);
  return answer;
}
