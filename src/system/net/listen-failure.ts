import type { Text } from '../../core/text.ts';

/** Why nothing can listen on an address, and what a person can do about it. */
export interface ListenFailure {
  /** Name of the errno. */
  readonly code: string;
  readonly what: Text;
  readonly advice: Text;
}

type Explained = readonly [what: Text, advice: Text];

const NAME_AN_ADDRESS: Text = {
  en: 'name an address in place of the host name',
  zh: '用地址代替主机名',
};

const ADVICE: Readonly<Record<string, Explained>> = {
  EADDRINUSE: [
    { en: 'another process listens there', zh: '另一个进程在监听' },
    {
      en: 'end that process (ss -ltnp names it), or choose another port',
      zh: '结束那个进程（ss -ltnp 可以看到），或换一个端口',
    },
  ],
  EACCES: [
    { en: 'this user may not listen there', zh: '这个用户无权监听' },
    {
      en: 'choose a port from 1024 on, or give the daemon the capability CAP_NET_BIND_SERVICE',
      zh: '选择 1024 或更大的端口，或给守护进程 CAP_NET_BIND_SERVICE 能力',
    },
  ],
  EADDRNOTAVAIL: [
    { en: 'no interface of this machine has that address now', zh: '这台机器现在没有该地址' },
    {
      en: 'correct the address, or bring the interface up; 0.0.0.0 stands for all of them, and is what pods need',
      zh: '改正地址，或启用网卡；0.0.0.0 代表所有地址，Pod 里需要这样写',
    },
  ],
  EAFNOSUPPORT: [
    { en: 'this machine does not speak that version of IP', zh: '这台机器不支持该版本的 IP' },
    {
      en: 'name an IPv4 address: IPv6 seems to be switched off here',
      zh: '写 IPv4 地址：这里似乎关闭了 IPv6',
    },
  ],
  ENOTFOUND: [{ en: 'the name has no address', zh: '该主机名没有地址' }, NAME_AN_ADDRESS],
  EAI_AGAIN: [{ en: 'the name cannot be resolved now', zh: '该主机名现在无法解析' }, NAME_AN_ADDRESS],
  EEXIST: [
    { en: 'something that is no socket is there', zh: '那里有一个不是 socket 的文件' },
    { en: 'remove it, or name another path', zh: '移除它，或换一个路径' },
  ],
};

const OTHER: Explained = [
  { en: 'the system refuses it', zh: '系统拒绝' },
  { en: 'look at what the code means, or choose another address', zh: '查看该代码的含义，或换一个地址' },
];

/**
 * Explains why a server could not listen. What the system refuses is a state of the machine, which may change at any
 * time, and no mistake of a well-formed address.
 * @returns undefined for an error that does not come from the system
 */
export function listenFailure(error: unknown): ListenFailure | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || code.startsWith('ERR_')) return undefined;
  const [what, advice] = ADVICE[code] ?? OTHER;
  return { code, what, advice };
}
