import { en, zh } from '../core/text.ts';
import { aboutDates } from '../system/net/certificate-dates.ts';
import { type NetworkFault, networkFault } from '../system/net/network-fault.ts';
import { systemClock } from '../system/time/clock.ts';
import { type Meaning, NOT_REDIS, SLOW } from './meaning.ts';
import { MOVED, REPLIES } from './reply-meanings.ts';

/** Returns what an error of the client's own means, which has no code; undefined for one that is not its own. */
export function clientMeaning(message: string): Meaning | undefined {
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

/** Returns what a fault of the network means. */
export function faultMeaning(error: unknown): Meaning {
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
export const NO_HANDSHAKE: Meaning = {
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
