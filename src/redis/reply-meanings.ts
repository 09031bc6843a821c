import { en, type Text, verbatim, zh } from '../core/text.ts';
import { type Meaning, NOT_REDIS, SLOW } from './meaning.ts';

/** Of nodes that send a client from one to another, as the client finds it or a node says it. */
export const MOVED: Meaning = {
  code: 'redis-moved',
  what: { en: 'sends from node to node in circles', zh: '在节点之间来回重定向' },
  advice: {
    en:
      'the nodes of the Cluster disagree about who has the slot, or name addresses that lead elsewhere from here: look at ' +
      'CLUSTER NODES, and at cluster-announce-ip and cluster-announce-port',
    zh: '集群的节点对槽位归属意见不一，或它们公布的地址从这里通向别处：检查 CLUSTER NODES、cluster-announce-ip 和 cluster-announce-port',
  },
};
const AUTH: Meaning = {
  code: 'redis-auth',
  what: { en: 'does not accept the user name or the password', zh: '不接受用户名或密码' },
  advice: {
    en:
      'check username, and that passwordFile holds the current password; it is read again for every connection. ' +
      'A user that is switched off in the ACL gets the same answer',
    zh: '检查 username，以及 passwordFile 里是否是当前的密码；每次连接都会重新读取它。在 ACL 里被停用的用户也会得到同样的应答',
  },
  backoff: SLOW,
};
const NEEDS_LOGIN: Meaning = {
  code: 'redis-auth',
  what: { en: 'asks for a password', zh: '要求密码' },
  advice: {
    en: 'set passwordFile, and username for a user of the ACL',
    zh: '配置 passwordFile；如果是 ACL 的用户，还要配置 username',
  },
  backoff: SLOW,
};

/** By the word with which the server begins its answer. Redis 7.0 and 7.2, `src/server.c` (createSharedObjects). */
export const REPLIES: Readonly<Record<string, Meaning>> = {
  WRONGPASS: AUTH,
  NOAUTH: NEEDS_LOGIN,
  READONLY: {
    code: 'redis-read-only',
    what: { en: 'leads to a replica, which takes no writes', zh: '通向一个副本，它不接受写入' },
    advice: {
      en:
        'name the master, or its Sentinels, which know who is the master. After a failover it passes when the ' +
        'connection has been made anew',
      zh: '写上主节点，或知道谁是主节点的 Sentinel。故障转移之后，重新连接即可恢复',
    },
  },
  LOADING: {
    code: 'redis-loading',
    what: { en: 'leads to a server that is still loading its data', zh: '通向一台仍在加载数据的服务器' },
    advice: {
      en: 'it passes by itself; how long it takes, INFO persistence says (loading_eta_seconds)',
      zh: '它会自行恢复；还要多久，见 INFO persistence（loading_eta_seconds）',
    },
  },
  MASTERDOWN: {
    code: 'redis-read-only',
    what: { en: 'leads to a replica that has lost its master', zh: '通向一个失去了主节点的副本' },
    advice: { en: 'look after the master, or name its Sentinels', zh: '检查主节点，或写上它的 Sentinel' },
  },
  MISCONF: {
    code: 'redis-misconf',
    what: {
      en: 'leads to a server that takes no writes because it could not save its data to disk',
      zh: '通向一台因为无法把数据存盘而不接受写入的服务器',
    },
    advice: {
      en: 'look at its log and its disk; stop-writes-on-bgsave-error decides whether it goes on regardless',
      zh: '检查它的日志和磁盘；stop-writes-on-bgsave-error 决定它是否照常接受写入',
    },
  },
  OOM: {
    code: 'redis-full',
    what: {
      en: 'leads to a server whose memory is full and that evicts nothing',
      zh: '通向一台内存已满而且不淘汰任何键的服务器',
    },
    advice: {
      en: 'raise maxmemory, or find what fills it (redis-cli --bigkeys)',
      zh: '调大 maxmemory，或找出是什么占满了内存（redis-cli --bigkeys）',
    },
  },
  NOREPLICAS: {
    code: 'redis-no-replicas',
    what: {
      en: 'leads to a server that takes no writes, since it has too few good replicas',
      zh: '通向一台因为可用副本太少而不接受写入的服务器',
    },
    advice: {
      en: 'look after the replicas; min-replicas-to-write decides',
      zh: '检查副本；由 min-replicas-to-write 决定',
    },
  },
  CLUSTERDOWN: {
    code: 'redis-cluster-down',
    what: { en: 'leads to a Cluster that is down', zh: '通向一个不可用的集群' },
    advice: {
      en: 'look at CLUSTER INFO and CLUSTER NODES: some slots have no node that is alive',
      zh: '检查 CLUSTER INFO 和 CLUSTER NODES：有些槽位没有存活的节点',
    },
  },
  TRYAGAIN: {
    code: 'redis-cluster-moving',
    what: {
      en: 'leads to a Cluster that is just moving the slot of the key',
      zh: '通向一个正在迁移该键所在槽位的集群',
    },
  },
  MOVED: {
    code: 'redis-moved',
    what: {
      en: 'leads to a node of a Cluster that does not have the slot of the key',
      zh: '通向集群里不负责该键所在槽位的节点',
    },
    advice: { en: 'name the nodes under cluster: in place of url', zh: '在 cluster: 下写上节点，代替 url' },
    backoff: SLOW,
  },
  ASK: {
    code: 'redis-cluster-moving',
    what: {
      en: 'leads to a Cluster that is just moving the slot of the key',
      zh: '通向一个正在迁移该键所在槽位的集群',
    },
  },
  CROSSSLOT: {
    code: 'redis-cross-slot',
    what: {
      en: 'leads to a Cluster, in which keys that change together need a common hash tag',
      zh: '通向一个集群，而一起改变的键在集群里需要同一个哈希标签',
    },
    advice: { en: 'put the same {…} into the keys', zh: '在这些键里写上同样的 {…}' },
    backoff: SLOW,
  },
  WRONGTYPE: {
    code: 'redis-wrong-type',
    what: { en: 'has a value of another kind than a string at the key', zh: '在该键上存放的不是字符串' },
    advice: {
      en: 'something else uses the key: choose another one, or remove it there (TYPE tells what it is)',
      zh: '别的程序在用这个键：换一个键，或在那里删除它（TYPE 会说明它是什么）',
    },
    backoff: SLOW,
  },
  BUSY: {
    code: 'redis-busy',
    what: {
      en: 'leads to a server on which a script runs that does not end',
      zh: '通向一台正在运行一个不结束的脚本的服务器',
    },
    advice: { en: 'SCRIPT KILL on the server ends it', zh: '在服务器上用 SCRIPT KILL 结束它' },
  },
  NOPROTO: NOT_REDIS,
  EXECABORT: { code: 'redis-refused', what: { en: 'refused a transaction', zh: '拒绝了一个事务' } },
};

/** Returns what an error means that a server has answered. Nothing of it but its code goes into the words. */
export function repliedMeaning(reply: string, command: string | undefined): Meaning {
  // Of a command in a script, before Redis 7 the code follows the place in it.
  const inScript = /^ERR Error running script .*@user_script: ?\d+: -?([A-Z]{3,}) /.exec(reply)?.[1];
  const [word = ''] = inScript === undefined ? (/^-?[A-Z]+/.exec(reply) ?? []) : [inScript];
  if (word === 'NOPERM') return forbidden(reply, command);
  // Redis 6 and 7.0, and 7.2 and later.
  if (/The user executing the script can't|ACL failure in script/.test(reply)) return FORBIDDEN_IN_SCRIPT;
  const known = REPLIES[word];
  if (known) return known;
  if (/max number of clients/i.test(reply)) {
    const advice: Text = {
      en: 'raise maxclients, or find who opens so many (CLIENT LIST)',
      zh: '调大 maxclients，或找出是谁打开了这么多连接（CLIENT LIST）',
    };
    return {
      code: 'redis-max-clients',
      what: { en: 'takes no further client', zh: '不再接受新的客户端' },
      advice,
    };
  }
  if (/invalid password|without any password|no password is set/i.test(reply)) return AUTH;
  if (/unknown command|unknown subcommand/i.test(reply)) {
    const advice: Text = {
      en: 'the server is too old, renames commands, or a proxy in between does not know it',
      zh: '服务器太旧、改了命令的名字，或中间的代理不认识它',
    };
    return {
      code: 'redis-unsupported',
      what: { en: `does not know ${named(command).en}`, zh: `不认识${named(command).zh}` },
      advice,
      backoff: SLOW,
    };
  }
  if (/invalid expire time/i.test(reply))
    return { code: 'redis-odd-life', what: { en: 'refused a life of nothing', zh: '拒绝了为零的存活时间' } };
  if (/DB index is out of range|invalid DB index|SELECT is not allowed/i.test(reply)) {
    const advice: Text = {
      en: 'a server has as many as its databases says, 16 by default; a Cluster has 0 alone',
      zh: '一台服务器有多少个，由它的 databases 决定，默认 16 个；集群只有 0',
    };
    return {
      code: 'redis-database',
      what: { en: 'has no such database', zh: '没有这个数据库' },
      advice,
      backoff: SLOW,
    };
  }
  const advice: Text = {
    en: `redis-cli says more: try ${named(command).en} there as the same user`,
    zh: `用 redis-cli 以同一个用户执行${named(command).zh}，可以看到更多`,
  };
  // The word alone: what follows may repeat what was sent.
  return {
    code: 'redis-refused',
    what: {
      en: `refused ${named(command).en} (${word || 'ERR'})`,
      zh: `拒绝了${named(command).zh}（${word || 'ERR'}）`,
    },
    advice,
  };
}

function named(command: string | undefined): Text {
  const name = command?.toUpperCase();
  return name === undefined ? { en: 'the command', zh: '该命令' } : { en: name, zh: ` ${name} ` };
}

/** Redis 7 says what is missing: a command, a key or a channel (`src/acl.c`, getAclErrorMessage). */
function forbidden(reply: string, command: string | undefined): Meaning {
  const [kind] = /key|channel/.exec(reply.replace(/^NOPERM /, '')) ?? ['command'];
  const missing = MISSING[kind] ?? verbatim(`+${(command ?? '').toLowerCase()}`);
  const on = ON[kind] ?? verbatim('');
  return {
    code: 'redis-forbidden',
    what: {
      en: en`does not let its user run ${named(command)}${on}`,
      zh: zh`不允许它的用户${on}执行${named(command)}`,
    },
    advice: {
      en: en`give the user ${missing} (ACL SETUSER), see the page on Redis for all that is needed`,
      zh: zh`给这个用户加上 ${missing}（ACL SETUSER）；所需的全部权限见 Redis 那一页`,
    },
    backoff: SLOW,
  };
}

const MISSING: Readonly<Record<string, Text>> = {
  key: { en: "~ with the key's pattern", zh: '~ 和该键的模式' },
  channel: { en: '& with the pattern of the channel', zh: '& 和该频道的模式' },
};
const ON: Readonly<Record<string, Text>> = {
  key: { en: ' on this key', zh: '对这个键' },
  channel: { en: ' on this channel', zh: '对这个频道' },
};

const FORBIDDEN_IN_SCRIPT: Meaning = {
  code: 'redis-forbidden',
  what: {
    en: 'does not let its user run all that a script consists of',
    zh: '不允许它的用户运行脚本里的全部命令',
  },
  advice: {
    en:
      'give the user +get +set +pttl beside +eval, and ~ with the patterns of all keys (ACL SETUSER): see the page on ' +
      'Redis for all that is needed',
    zh: '除了 +eval，还要给这个用户 +get +set +pttl，以及覆盖全部键的 ~ 模式（ACL SETUSER）：所需的全部权限见 Redis 那一页',
  },
  backoff: SLOW,
};
