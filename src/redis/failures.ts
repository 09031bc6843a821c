import { type Backoff, EdgeError, type Failure, PASSING } from '../core/failure.ts';
import { en, type Text, verbatim, zh } from '../core/text.ts';
import { MINUTE } from '../core/time.ts';
import { aboutDates } from '../system/net/certificate-dates.ts';
import { type NetworkFault, networkFault } from '../system/net/network-fault.ts';
import { systemClock } from '../system/time/clock.ts';

/** For faults that pass only when a person does something. */
const SLOW: Backoff = { ...PASSING, cap: 5 * MINUTE };

/** What a fault means to an operator. */
interface Meaning {
  readonly code: string;
  /** Continues "the Redis connection NAME (ADDRESS) cannot be used: ". */
  readonly what: Text;
  readonly advice?: Text;
  readonly backoff?: Backoff;
}

/** What is known of the attempt that failed. */
export interface Attempted {
  /** Name and address of the connection, for messages. */
  readonly where: Text;
  /** The command that was sent; absent while a connection is made. */
  readonly command?: string;
  /**
   * What the command may have done, where the server does not say that it refuses it: `unsent` before it was handed
   * over, `none` for one that only reads.
   */
  readonly effect: Failure['effect'];
  /** Whether it is by TLS. */
  readonly isEncrypted?: boolean;
}

/**
 * Turns an error of the client into one of ours. Nothing of the error's text goes into it: the client attaches commands
 * with their arguments, and servers repeat arguments in their answers, which may be tokens and passwords.
 */
export function redisError(error: unknown, attempted: Attempted): EdgeError {
  if (error instanceof EdgeError) return error;
  const { code, what, advice, backoff = PASSING } = meaningOf(error, attempted);
  return new EdgeError({
    class: 'passing',
    code,
    message: { en: en`${attempted.where} ${what}`, zh: zh`${attempted.where}${what}` },
    ...(advice !== undefined && { advice }),
    // What a server answers with an error it has not done.
    effect: attempted.effect === 'unknown' && replyOf(error) !== undefined ? 'none' : attempted.effect,
    backoff,
  });
}

/** Whether a server's answer says that the connection is to be made anew, since another server is in charge. */
export function needsAnotherServer(error: unknown): boolean {
  return /^(READONLY|MASTERDOWN|CLUSTERDOWN|MOVED|NOAUTH|WRONGPASS|LOADING|UNBLOCKED)/.test(
    replyOf(error) ?? '',
  );
}

/** Whether a server does not accept, or no longer, who is logged in. */
export function isRefusedLogin(error: unknown): boolean {
  return /^(NOAUTH|WRONGPASS)/.test(replyOf(error) ?? '');
}

/** The text of an error that the server answered with; undefined where none of its answers came. */
export function replyOf(error: unknown): string | undefined {
  const { name, message } = error as Error;
  return name === 'ReplyError' || name === 'ErrorReply' || name === 'SimpleError' ? message : undefined;
}

function meaningOf(error: unknown, { command, isEncrypted }: Attempted): Meaning {
  const { message, code } = error as NodeJS.ErrnoException;
  const reply = replyOf(error);
  if (reply !== undefined) return repliedMeaning(reply, command);
  if (isEncrypted && code === 'ETIMEDOUT') return NO_HANDSHAKE;
  return clientMeaning(message) ?? faultMeaning(error);
}

/** The client's own errors, which have no code. */
function clientMeaning(message: string): Meaning | undefined {
  const [, word = ''] = /^Too many Cluster redirections.* Last error: \w+: ([A-Z]+)/.exec(message) ?? [];
  if (word !== '') return word === 'MOVED' || word === 'ASK' ? MOVED : (REPLIES[word] ?? MOVED);
  if (/^All sentinels are unreachable/.test(message))
    return /Last error: (WRONGPASS|NOAUTH)/.test(message) ? SENTINEL_LOGIN : SENTINELS_AWAY;
  if (/^(Protocol error|Unknown RESP type|.*Please report this)/.test(message)) return NOT_REDIS;
  if (/^(Connection is closed|Command aborted|Stream isn't writeable)/.test(message)) return CUT;
  if (/^Command timed out/.test(message)) return TIMEOUT;
  return undefined;
}

const CUT: Meaning = {
  code: 'redis-cut',
  what: { en: 'was lost before the answer came', zh: '在应答到来之前断开了' },
  advice: {
    en: 'if it lasts, look at the log of the server, and at what is between here and there',
    zh: '如果持续出现，检查服务器的日志，以及中间的网络设备',
  },
};
const TIMEOUT: Meaning = {
  code: 'redis-timeout',
  what: { en: 'did not answer in time', zh: '没有及时应答' },
  advice: {
    en:
      'if it lasts, the server stands still (a slow command or script, swapping, a disk that hangs), or the network ' +
      'drops packets',
    zh: '如果持续出现，说明服务器停滞（慢命令或脚本、换页、挂起的磁盘），或网络丢包',
  },
};
const NOT_REDIS: Meaning = {
  code: 'redis-not-redis',
  what: { en: 'does not speak the protocol of Redis', zh: '说的不是 Redis 协议' },
  advice: {
    en: 'is the port the one of Redis? A web server, or TLS where none is configured (rediss:), answers like that',
    zh: '端口是 Redis 的吗？Web 服务器，或没有配置 TLS（rediss:）的 TLS 端口，都会这样应答',
  },
  backoff: SLOW,
};
const MOVED: Meaning = {
  code: 'redis-moved',
  what: { en: 'sends from node to node in circles', zh: '在节点之间来回重定向' },
  advice: {
    en:
      'the nodes of the Cluster disagree about who has the slot, or name addresses that lead elsewhere from here: look at ' +
      'CLUSTER NODES, and at cluster-announce-ip and cluster-announce-port',
    zh: '集群的节点对槽位归属意见不一，或它们公布的地址从这里通向别处：检查 CLUSTER NODES、cluster-announce-ip 和 cluster-announce-port',
  },
};

const SENTINELS_AWAY: Meaning = {
  code: 'redis-sentinel',
  what: { en: 'cannot be made: none of the Sentinels answers', zh: '无法建立：没有一个 Sentinel 应答' },
  advice: {
    en: 'are they running, and does a firewall or NetworkPolicy let this host or pod out to them (26379)?',
    zh: '它们在运行吗？防火墙或 NetworkPolicy 是否放行这台主机或 Pod 到它们（26379）？',
  },
};
const SENTINEL_LOGIN: Meaning = {
  code: 'redis-auth',
  what: {
    en: 'cannot be made: the Sentinels do not accept the user name or the password',
    zh: '无法建立：Sentinel 不接受用户名或密码',
  },
  advice: {
    en: 'check username and passwordFile under sentinel: Sentinels have logins of their own',
    zh: '检查 sentinel 下的 username 和 passwordFile：Sentinel 有自己的登录',
  },
  backoff: SLOW,
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
const REPLIES: Readonly<Record<string, Meaning>> = {
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

function repliedMeaning(reply: string, command: string | undefined): Meaning {
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

function faultMeaning(error: unknown): Meaning {
  const { fault, key } = networkFault(error ?? {});
  if (fault === 'expired' || fault === 'not-yet-valid') {
    const { what, advice } = aboutDates(fault, systemClock.now().wall);
    return {
      code: `redis-tls-${fault}`,
      what: { en: en`cannot be used: ${what}`, zh: zh`无法使用：${what}` },
      advice,
      backoff: SLOW,
    };
  }
  return FAULTS[fault] ?? { code: 'redis-failed', what: { en: `failed (${key})`, zh: `失败（${key}）` } };
}

const UNREACHABLE: Meaning = {
  code: 'redis-unreachable',
  what: { en: 'cannot be made: nobody answers there', zh: '无法建立：那里没有应答' },
  advice: {
    en: 'is the server running, and does a firewall or NetworkPolicy let this host or pod out to it?',
    zh: '服务器在运行吗？防火墙或 NetworkPolicy 是否放行这台主机或 Pod 到它？',
  },
};

/** A server of Redis that speaks no TLS takes its beginning for that of a command, and waits for the rest. */
const NO_HANDSHAKE: Meaning = {
  code: 'redis-unreachable',
  what: {
    en: 'cannot be made: nobody answers there, or not with TLS',
    zh: '无法建立：那里没有应答，或不用 TLS 应答',
  },
  advice: {
    en: 'is it the TLS port of the server, and does a firewall or NetworkPolicy let this host or pod out to it?',
    zh: '这是服务器的 TLS 端口吗？防火墙或 NetworkPolicy 是否放行这台主机或 Pod 到它？',
  },
};

const FAULTS: Readonly<Partial<Record<NetworkFault, Meaning>>> = {
  dns: {
    code: 'redis-dns',
    what: {
      en: 'cannot be made: the name of the server cannot be resolved',
      zh: '无法建立：服务器的域名无法解析',
    },
    advice: {
      en: 'check the name, and the resolver of this host or pod',
      zh: '检查域名，以及这台主机或 Pod 的解析器',
    },
  },
  refused: UNREACHABLE,
  unreachable: UNREACHABLE,
  slow: TIMEOUT,
  'too-late': TIMEOUT,
  cut: CUT,
  'no-tls': {
    code: 'redis-tls-plain',
    what: {
      en: 'cannot be made: the server does not speak TLS there',
      zh: '无法建立：服务器在那里不使用 TLS',
    },
    advice: {
      en: 'name its TLS port, or use redis: in place of rediss:',
      zh: '写上它的 TLS 端口，或用 redis: 代替 rediss:',
    },
    backoff: SLOW,
  },
  untrusted: {
    code: 'redis-tls-untrusted',
    what: {
      en: 'cannot be made: the certificate of the server is not one that is trusted, or is for another name',
      zh: '无法建立：服务器的证书不受信任，或是给别的域名的',
    },
    advice: {
      en: 'name the authority that signed it in caFile, and the server by a name that its certificate holds',
      zh: '在 caFile 里写上签发它的颁发机构，并用证书里有的域名来称呼服务器',
    },
    backoff: SLOW,
  },
  handshake: {
    code: 'redis-tls-refused',
    what: { en: 'cannot be made: the TLS handshake fails', zh: '无法建立：TLS 握手失败' },
    advice: {
      en:
        'the server may want a client certificate of its authority (certFile and keyFile), or speaks no TLS that this ' +
        'program speaks',
      zh: '服务器可能要求由它的颁发机构签发的客户端证书（certFile 和 keyFile），或它使用的 TLS 版本本程序不支持',
    },
    backoff: SLOW,
  },
  aborted: {
    code: 'aborted',
    what: { en: 'was given up, since the program stops', zh: '已放弃，因为程序正在停止' },
  },
};
