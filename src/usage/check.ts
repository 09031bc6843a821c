import { CONFIG_OPTION, type CommandForm, DURATION } from './form.ts';

export const CHECK = {
  name: 'check',
  summary: 'tell what is wrong with the configuration, what it leads to and, with --online, what WeChat says',
  description: [
    "Reads the configuration and everything it points at, and tells what it found. Changes nothing. Run it as the daemon's user: what can be read and written depends on who looks.",
  ],
  options: {
    ...CONFIG_OPTION,
    online: {
      type: 'boolean',
      default: false,
      what: 'also ask WeChat, with a call that kills no token: an ordinary fetch of a stable-token or wecom token, the stored token of access-token or, without one, a call that carries no secret; and the API server, which makes as if it wrote',
    },
    timeout: {
      type: 'string',
      default: '20s',
      value: DURATION,
      what: 'how long all answers may take (default 20s)',
    },
  },
  exits: [
    { code: 0, what: 'good, warnings or not' },
    { code: 78, what: 'bad configuration' },
    { code: 75, what: 'with --online: a passing fault' },
    { code: 77, what: 'with --online: WeChat or the cluster refuses, a person must act' },
  ],
  examples: [
    {
      what: 'Look at a configuration before the daemon gets it',
      command: 'wx-token-sidecar check --config config.yaml',
    },
    {
      what: 'Ask WeChat, too, whether AppSecret and address are right',
      command: 'wx-token-sidecar check --config config.yaml --online',
    },
  ],
} as const satisfies CommandForm;
