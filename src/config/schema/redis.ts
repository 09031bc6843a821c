import * as v from 'valibot';
import type { Text as Words } from '../../core/text.ts';
import { key, list, mapping, preset } from '../../schema/blocks.ts';
import { say } from '../../schema/message.ts';
import { AbsolutePath, Flag, Name, Text } from '../../schema/values.ts';
import { parseAddress } from '../../system/net/address.ts';

const URL_FORM = say({
  en: 'must be a URL like redis://redis:6379, rediss://redis.example.com:6379/1 or unix:/run/redis.sock',
  zh: '必须是 URL，如 redis://redis:6379、rediss://redis.example.com:6379/1 或 unix:/run/redis.sock',
});

/** Where one server is; the value stays text. */
const RedisUrl = v.pipe(
  v.string(URL_FORM),
  v.check((text) => /^unix:\/[^\0]*[^/\0]$/.test(text) || isRedisUrl(text), URL_FORM),
  v.check(
    (text) => !isRedisUrl(text) || hasNoLogin(text),
    say({
      en: 'must not carry a user or password, for all who may read the configuration: username and passwordFile do',
      zh: '不能带用户名或密码，能读配置的人都看得到：写在 username 和 passwordFile 里',
    }),
  ),
  v.check(
    (text) => !isRedisUrl(text) || /^\/?\d*$/.test(new URL(text).pathname),
    say({
      en: 'must end with the number of a database, like /1, or with none',
      zh: '末尾只能是数据库编号，如 /1，或者没有',
    }),
  ),
  v.check(
    (text) => !isRedisUrl(text) || (new URL(text).search === '' && new URL(text).hash === ''),
    say({ en: 'must not carry a query or fragment', zh: '不能带查询参数或片段（#…）' }),
  ),
);

function isRedisUrl(text: string): boolean {
  return /^rediss?:\/\/[^/]/.test(text) && URL.canParse(text) && hasHost(new URL(text));
}

/** Port 0 is a free one to listen on; nobody can be reached there. */
function hasHost({ hostname, port }: URL): boolean {
  return hostname !== '' && port !== '0';
}

function hasNoLogin(text: string): boolean {
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

const NODE = say({
  en: 'must be host:port, like redis-0.redis:6379',
  zh: '必须是 host:port，如 redis-0.redis:6379',
});

/** Address of a node of a Cluster, or of a Sentinel. */
const Node = v.pipe(
  v.string(NODE),
  v.check((text) => (parseAddress(text)?.port ?? 0) > 0, NODE),
  v.transform((text) => parseAddress(text) ?? { host: '', port: 0 }),
);

const USER = say({
  en: 'must be the name of a user of the ACL, without blanks',
  zh: '必须是 ACL 的用户名，不含空白',
});
const User = v.pipe(v.string(USER), v.regex(/^[!-~]{1,256}$/, USER));

const DATABASE = say({
  en: 'must be the number of a database, like 1',
  zh: '必须是数据库编号，如 1',
});
const Database = v.pipe(
  v.number(DATABASE),
  v.integer(DATABASE),
  v.minValue(0, DATABASE),
  v.maxValue(1_000_000, DATABASE),
);

const NODES: Words = { en: 'must be a list of host:port', zh: '必须是 host:port 的列表' };

const PASSWORD_FILE =
  'File that holds the password alone; read anew for every connection. Without username it is that of the user default.';

/** Schema of an entry of `redis`: a connection that targets and the shared state name. */
export const RedisConnection = mapping(
  {
    name: key(Name, 'What targets and the state call this connection; unique.'),
    url: key(
      RedisUrl,
      'One server: redis://host:port, rediss://host:port for TLS, both with the number of a database as path, or unix:/path.',
    ),
    sentinel: key(
      mapping(
        {
          master: key(Text, 'Name by which the Sentinels know the master.'),
          nodes: key(list(Node, NODES), 'The Sentinels, host:port each.'),
          username: key(User, 'User of the ACL of the Sentinels.'),
          passwordFile: key(AbsolutePath, 'File that holds the password that the Sentinels ask for.'),
        },
        ['master', 'nodes'],
      ),
      'In place of url: Sentinels, which say who is the master.',
    ),
    cluster: key(
      list(Node, NODES),
      'In place of url: some nodes of a Redis Cluster, host:port each; they know the others.',
    ),
    database: key(Database, 'Number of the database, where url does not say it. Default: 0.'),
    username: key(User, 'User of the ACL. Default: the user default.'),
    passwordFile: key(AbsolutePath, PASSWORD_FILE),
    tls: preset(Flag, 'Whether Sentinels or nodes are reached by TLS; of url, rediss: says it.', false),
    caFile: key(AbsolutePath, 'Certificates (PEM) of the authorities that sign those of the servers.'),
    certFile: key(AbsolutePath, 'Client certificate (PEM), for servers that ask for one; with keyFile.'),
    keyFile: key(AbsolutePath, 'Private key (PEM) of the client certificate.'),
  },
  ['name'],
);

/** The valid values of an entry of `redis`. */
export type RedisSettings = v.InferOutput<typeof RedisConnection>;
