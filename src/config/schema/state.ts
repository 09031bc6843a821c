import * as v from 'valibot';
import { key, mapping, preset } from '../../schema/blocks.ts';
import { say } from '../../schema/message.ts';
import { Name } from '../../schema/values.ts';

const PREFIX = say({
  en: 'must be 1 to 64 printable characters without blanks and braces, like wx-token-sidecar:',
  zh: '必须是 1 到 64 个可打印字符，不含空白和花括号，如 wx-token-sidecar:',
});

/** The beginning of the names of keys. Braces would make a hash tag of their own, apart from that of the account. */
const Prefix = v.pipe(v.string(PREFIX), v.regex(/^[!-z|~]{1,64}$/, PREFIX));

/** The only place so far: it has to be named. */
const PLACE = 'redis';

/** Schema of `state`: where daemons of several machines share what they know. */
export const State = mapping(
  {
    redis: key(
      mapping(
        {
          connection: key(Name, 'Name of the entry of redis that leads there.'),
          prefix: preset(
            Prefix,
            'Begins the names of all keys. Daemons that share it, and a server, make the calls of one.',
            'wx-token-sidecar:',
          ),
        },
        ['connection'],
      ),
      'Keeps records and locks in Redis. Whoever may read its keys has the tokens.',
    ),
  },
  [PLACE],
);
