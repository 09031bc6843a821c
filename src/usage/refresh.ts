import { CONFIG_OPTION, type CommandForm, DURATION } from './form.ts';

export const REFRESH = {
  name: 'refresh',
  summary: 'ask the running daemon to fetch now',
  description: [
    "Asks the running daemon to fetch now, and waits until the new credential is published. The daemon is found through the state folder, so run it with the daemon's environment and configuration.",
  ],
  options: {
    ...CONFIG_OPTION,
    force: {
      type: 'boolean',
      default: false,
      what: 'force a stable-token: the old one dies at once, for everyone who holds it',
    },
    timeout: {
      type: 'string',
      default: '30s',
      value: DURATION,
      what: 'how long to wait (default 30s)',
    },
  },
  argument: {
    name: 'NAME',
    offers: 'credentials',
    multiple: true,
    what: 'of a credential; without one all are meant',
  },
  exits: [
    { code: 0, what: 'published' },
    { code: 75, what: 'a passing fault, no daemon, or no budget' },
    { code: 77, what: 'WeChat refuses, a person must act' },
    { code: 78, what: 'bad configuration or an unknown name' },
  ],
  examples: [
    {
      what: 'Ask again for one credential, without force',
      command: 'wx-token-sidecar refresh main --config config.yaml',
    },
  ],
} as const satisfies CommandForm;
