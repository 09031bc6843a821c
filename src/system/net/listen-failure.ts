/** Why nothing can listen on an address, and what a person can do about it. */
export interface ListenFailure {
  /** Name of the errno. */
  readonly code: string;
  readonly what: string;
  readonly advice: string;
}

const ADVICE: Readonly<Record<string, readonly [what: string, advice: string]>> = {
  EADDRINUSE: [
    'another process listens there',
    'end that process (ss -ltnp names it), or choose another port',
  ],
  EACCES: [
    'this user may not listen there',
    'choose a port from 1024 on, or give the daemon the capability CAP_NET_BIND_SERVICE',
  ],
  EADDRNOTAVAIL: [
    'no interface of this machine has that address now',
    'correct the address, or bring the interface up; 0.0.0.0 stands for all of them, and is what pods need',
  ],
  EAFNOSUPPORT: [
    'this machine does not speak that version of IP',
    'name an IPv4 address: IPv6 seems to be switched off here',
  ],
  ENOTFOUND: ['the name has no address', 'name an address in place of the host name'],
  EAI_AGAIN: ['the name cannot be resolved now', 'name an address in place of the host name'],
  EEXIST: ['something that is no socket is there', 'remove it, or name another path'],
};

/**
 * Explains why a server could not listen. What the system refuses is a state of the machine, which may change at any
 * time, and no mistake of a well-formed address.
 * @returns undefined for an error that does not come from the system
 */
export function listenFailure(error: unknown): ListenFailure | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || code.startsWith('ERR_')) return undefined;
  const [what, advice] = ADVICE[code] ?? [
    'the system refuses it',
    'look at what the code means, or choose another address',
  ];
  return { code, what, advice };
}
