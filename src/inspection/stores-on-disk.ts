import type { Config } from '../config/config.ts';
import type { StateFolder } from '../coordination/state-folder.ts';
import type { AccountStore } from '../core/ports.ts';
import type { SharedEdges } from '../unit.ts';

/** One whose record lies in a Secret. */
const ELSEWHERE: AccountStore = {
  read: async () => undefined,
  write: () => Promise.reject(new TypeError('whoever only looks writes nothing')),
  lock: async () => undefined,
};

/** The stores of a daemon, as far as they lie on the disk. No API server is asked. */
export function storesOnDisk(
  { cluster }: Pick<Config, 'cluster'>,
  folder: StateFolder,
): SharedEdges['stores'] {
  return {
    open: (account) => (cluster ? ELSEWHERE : folder.open(account)),
    async mirror({ namespace = '', name, credential }, kind) {
      const ticket = kind === 'token' ? '' : `/${kind}`;
      const account = `mirror/${namespace}/${name}/${credential}${ticket}`;
      return { account, store: { ...ELSEWHERE, source: () => ({ type: 'mirror', appId: '' }) } };
    },
  };
}
